using System.Text.Json;
using Beep.Contracts;

namespace Beep.LanguageModels.Datasets.Formats;

/// <summary>A format by its name and columns, before any row is read.</summary>
/// <param name="Format">The format.</param>
/// <param name="Name">Its name in a spec.</param>
/// <param name="Fields">Its columns.</param>
internal sealed record FormatKind(DataFormat Format, string Name, IReadOnlyList<RowField> Fields)
{
    /// <summary>The formats that are read, in the order in which a row is compared with them.</summary>
    public static readonly IReadOnlyList<FormatKind> Known =
    [
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

    /// <summary>The names of the formats and the columns that they need, for messages.</summary>
    public static string KnownNames => string.Join(", ", Known.Select(kind => $"{kind.Name} ({kind.RequiredNames})"));

    private string RequiredNames => string.Join(", ", Fields.Where(column => column.IsRequired).Select(column => column.Name));

    /// <summary>The columns under their names in the file.</summary>
    public IReadOnlyList<Column> Columns(DataSpec data) => [.. Fields.Select(field => new Column(field, data))];
}
