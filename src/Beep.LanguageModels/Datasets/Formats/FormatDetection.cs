using Beep.Contracts;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats;

/// <summary>Decides of which format a file is, from the spec and the keys of its first row.</summary>
internal static class FormatDetection
{
    /// <summary>The format of the file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="data">The spec; its format may be <see cref="DataFormat.Auto"/>.</param>
    /// <param name="keys">The keys of the first row that is an object; null when there is none, or the format is spelt in one way only.</param>
    /// <returns>Null when the format is to be decided from the rows and none is an object.</returns>
    /// <exception cref="FaultException">Exit code 20: no known format fits, or the spec names one that the file cannot have.</exception>
    public static FormatKind? Decide(DatasetFile file, DataSpec data, IReadOnlyList<string>? keys)
    {
        RefuseUnbuilt(data.Format, file);
        var named = FormatKind.Of(data.Format, data, keys);
        CheckMapping(data, named, file);
        var kind = named ?? (keys is null ? null : FromKeys(file, data, keys));
        if (kind is not null)
        {
            CheckContainer(file, kind);
        }

        return kind;
    }

    private static FormatKind FromKeys(DatasetFile file, DataSpec data, IReadOnlyList<string> keys)
    {
        var has = keys.ToHashSet(StringComparer.Ordinal);
        var mapped = data.Columns?.Keys ?? [];
        foreach (var kind in FormatKind.Known)
        {
            var knowsTheMapping = mapped.All(name => kind.Fields.Any(field => field.Name == name));
            if (knowsTheMapping && kind.Fits(data, has))
            {
                return kind;
            }
        }

        if (has.Contains("conversations"))
        {
            RefuseUnbuilt(DataFormat.Sharegpt, file);
        }

        throw FaultException.Invalid(
            "unknown_columns",
            $"The rows of '{file.Path}' have the keys {Quote(keys)}, which fit no known format.",
            ColumnSuggestion.For(file, keys),
            file.Path);
    }

    private static void RefuseUnbuilt(DataFormat format, DatasetFile file)
    {
        if (format == DataFormat.Sharegpt)
        {
            throw FaultException.Invalid(
                "unsupported_format",
                $"'{file.Path}' has the format 'sharegpt', which this version does not read.",
                "Write the rows as 'messages': rename 'conversations' to 'messages', "
                + "'from' to 'role' (human: user, gpt: assistant) and 'value' to 'content'.",
                "data.format");
        }
    }

    private static void CheckMapping(DataSpec data, FormatKind? named, DatasetFile file)
    {
        if (data.Columns is { Count: > 0 } && file.Container == DatasetContainer.PlainText)
        {
            throw FaultException.Invalid(
                "unknown_column",
                $"data.columns is set, but '{file.Path}' has no columns.",
                "Leave data.columns out.",
                "data.columns");
        }

        var kinds = FormatKind.KnownAsTold.Where(kind => named is null || kind.Format == named.Format);
        var known = kinds.SelectMany(kind => kind.Fields).Select(field => field.Name).Distinct().ToList();
        if (data.Columns?.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
        {
            throw FaultException.Invalid(
                "unknown_column",
                $"data.columns maps '{unknown}', which {(named is null ? "no format knows" : $"the format '{named.Name}' does not know")}.",
                $"The name before the colon is the format's, the one after it the file's; known: {string.Join(", ", known)}.",
                $"data.columns.{unknown}");
        }
    }

    private static void CheckContainer(DatasetFile file, FormatKind kind)
    {
        var (holds, possible) = file.Container switch
        {
            DatasetContainer.PlainText => ("holds a text a line", new[] { DataFormat.Text }),
            DatasetContainer.Csv => ("holds text only", [DataFormat.PromptCompletion, DataFormat.Alpaca, DataFormat.Text, DataFormat.Preference]),
            _ => ("", [kind.Format]),
        };
        if (!possible.Contains(kind.Format))
        {
            var names = possible.Select(format => FormatKind.Known.First(known => known.Format == format).Name);
            throw FaultException.Invalid(
                "wrong_format",
                $"'{file.Path}' {holds}, so it cannot have the format '{kind.Name}'.",
                $"Set data.format to {string.Join(" or ", names)}, or write the rows as .jsonl.",
                "data.format");
        }
    }

    private static string Quote(IReadOnlyList<string> keys)
    {
        const int shown = 12;
        var names = string.Join(", ", keys.Take(shown).Select(key => $"'{JsonText.Preview(key)}'"));
        return keys.Count == 0 ? "(none)" : keys.Count > shown ? $"{names} and {keys.Count - shown} more" : names;
    }
}
