using System.Text.Json;
using Beep.Contracts;

namespace Beep.LanguageModels.Datasets.Formats;

/// <summary>A format by its name and columns, before any row is read.</summary>
/// <param name="Format">The format.</param>
/// <param name="Name">Its name in a spec.</param>
/// <param name="Fields">Its columns.</param>
internal sealed record FormatKind(DataFormat Format, string Name, IReadOnlyList<RowField> Fields)
{
    private const string PreferenceName = "preference";

    /// <summary>The formats that are read, in the order in which a row is compared with them.</summary>
    /// <remarks>
    /// Pairs of answers come first: they often stand beside columns that would do for another format. They are spelt in several ways,
    /// each a kind of its own: as the OpenAI API has them, as LLaMA-Factory does, and with the columns that TRL reads.
    /// </remarks>
    public static readonly IReadOnlyList<FormatKind> Known =
    [
        new(DataFormat.Preference, PreferenceName,
        [
            new("preferred_output", JsonTokenType.StartArray),
            new("non_preferred_output", JsonTokenType.StartArray),
            new("input", JsonTokenType.StartObject),
        ]),
        new(DataFormat.Preference, PreferenceName,
        [
            new("chosen", JsonTokenType.StartObject),
            new("rejected", JsonTokenType.StartObject),
            new("conversations", JsonTokenType.StartArray),
            new("system", JsonTokenType.String, IsRequired: false),
        ]),
        new(DataFormat.Preference, PreferenceName,
        [
            new("chosen", JsonTokenType.String) { OrElse = JsonTokenType.StartArray },
            new("rejected", JsonTokenType.String) { OrElse = JsonTokenType.StartArray },
            new("prompt", JsonTokenType.String, IsRequired: false) { OrElse = JsonTokenType.StartArray },
            new("system", JsonTokenType.String, IsRequired: false),
        ]),
        new(DataFormat.Messages, "messages", [new("messages", JsonTokenType.StartArray)]),
        new(DataFormat.Tokens, "tokens", [new("input_ids", JsonTokenType.StartArray), new("labels", JsonTokenType.StartArray, IsRequired: false)]),
        new(DataFormat.PromptCompletion, "prompt_completion", [new("prompt", JsonTokenType.String), new("completion", JsonTokenType.String)]),
        new(DataFormat.Alpaca, "alpaca",
        [
            new("instruction", JsonTokenType.String),
            new("output", JsonTokenType.String),
            new("input", JsonTokenType.String, IsRequired: false),
            new("system", JsonTokenType.String, IsRequired: false),
            new("history", JsonTokenType.StartArray, IsRequired: false),
        ]),
        new(DataFormat.Text, "text", [new("text", JsonTokenType.String)]),
    ];

    /// <summary>The same in the order in which they are told: the plain ones before the pairs, of which the plainest comes first.</summary>
    public static IEnumerable<FormatKind> KnownAsTold =>
        [.. Known.Where(kind => kind.Format != DataFormat.Preference), .. Known.Where(kind => kind.Format == DataFormat.Preference).Reverse()];

    /// <summary>The names of the formats and the columns that they need, for messages.</summary>
    public static string KnownNames => string.Join(", ", KnownAsTold.DistinctBy(kind => kind.Format).Select(kind => $"{kind.Name} ({kind.RequiredNames})"));

    /// <summary>The kind of that format whose columns the keys have; where there is none, the first of the format; null for no format that is read.</summary>
    public static FormatKind? Of(DataFormat format, DataSpec data, IReadOnlyCollection<string>? keys)
    {
        var kinds = Known.Where(kind => kind.Format == format).ToList();
        return kinds.Find(kind => keys is not null && kind.Fits(data, keys)) ?? (kinds.Count > 0 ? kinds[^1] : null);
    }

    /// <summary>Whether a row with these keys has every column that is required.</summary>
    public bool Fits(DataSpec data, IReadOnlyCollection<string> keys) => Columns(data).All(column => !column.Field.IsRequired || keys.Contains(column.Name));

    private string RequiredNames => string.Join(", ", Fields.Where(column => column.IsRequired).Select(column => column.Name));

    /// <summary>The columns under their names in the file.</summary>
    public IReadOnlyList<Column> Columns(DataSpec data) => [.. Fields.Select(field => new Column(field, data))];
}
