using Beep.Contracts;

namespace Beep.LanguageModels.Datasets.Formats;

/// <summary>Decides of which format a file is, from the spec and the keys of its first row.</summary>
internal static class FormatDetection
{
    private static readonly (string Prompt, string Completion)[] LikelyPairs =
    [
        ("question", "answer"), ("query", "response"), ("query", "answer"), ("prompt", "response"), ("prompt", "answer"), ("prompt", "output"), ("instruction", "response"),
        ("instruction", "completion"), ("question", "response"), ("question", "output"), ("input", "output"), ("input", "target"), ("source", "target"), ("user", "assistant"), ("context", "response"),
    ];

    private static readonly (string Field, string Column)[] LikelyColumns =
    [
        ("messages", "conversation"), ("messages", "dialog"), ("messages", "dialogue"), ("messages", "chat"), ("messages", "turns"),
        ("text", "content"), ("text", "body"), ("text", "document"), ("text", "sentence"), ("text", "story"),
    ];

    /// <summary>The format of the file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="data">The spec; its format may be <see cref="DataFormat.Auto"/>.</param>
    /// <param name="keys">The keys of the first row that is an object; null when there is none.</param>
    /// <returns>Null when the format is to be decided from the rows and none is an object.</returns>
    /// <exception cref="FaultException">Exit code 20: no known format fits, or the spec names one that the file cannot have.</exception>
    public static FormatKind? Decide(DatasetFile file, DataSpec data, IReadOnlyList<string>? keys)
    {
        RefuseUnbuilt(data.Format, file);
        CheckMapping(data, file);
        var kind = data.Format == DataFormat.Auto ? keys is null ? null : FromKeys(file, data, keys) : FormatKind.Known.First(known => known.Format == data.Format);
        if (kind is null)
        {
            return null;
        }

        var fits = file.Container switch
        {
            DatasetContainer.PlainText => kind.Format == DataFormat.Text,
            DatasetContainer.Csv => kind.Format is DataFormat.PromptCompletion or DataFormat.Alpaca or DataFormat.Text,
            _ => true,
        };
        if (!fits)
        {
            var (holds, formats) = file.Container == DatasetContainer.Csv ? ("holds text only", "prompt_completion, alpaca or text") : ("holds a text a line", "text");
            throw FaultException.Invalid(
                "wrong_format",
                $"'{file.Path}' {holds}, so it cannot have the format '{kind.Name}'.",
                $"Set data.format to {formats}, or write the rows as .jsonl.",
                "data.format");
        }

        return kind;
    }

    private static FormatKind FromKeys(DatasetFile file, DataSpec data, IReadOnlyList<string> keys)
    {
        var has = keys.ToHashSet(StringComparer.Ordinal);
        var mapped = data.Columns?.Keys ?? [];
        foreach (var kind in FormatKind.Known)
        {
            var speaksOfIt = mapped.All(name => kind.Fields.Any(field => field.Name == name));
            if (speaksOfIt && kind.Columns(data).Where(column => column.Field.IsRequired).All(column => has.Contains(column.Name)))
            {
                return kind;
            }
        }

        if (has.Contains("chosen") && has.Contains("rejected"))
        {
            RefuseUnbuilt(DataFormat.Preference, file);
        }

        if (has.Contains("conversations"))
        {
            RefuseUnbuilt(DataFormat.Sharegpt, file);
        }

        throw FaultException.Invalid(
            "unknown_columns",
            $"The rows of '{file.Path}' have the keys {Quote(keys)}, which fit no known format.",
            Suggest(file, keys),
            file.Path);
    }

    private static string Suggest(DatasetFile file, IReadOnlyList<string> keys)
    {
        string? Key(string name) => keys.FirstOrDefault(key => key.Equals(name, StringComparison.OrdinalIgnoreCase));

        foreach (var (prompt, completion) in LikelyPairs)
        {
            if (Key(prompt) is { } promptKey && Key(completion) is { } completionKey)
            {
                return $"Say which column is which: --set data.columns.prompt={promptKey} --set data.columns.completion={completionKey}";
            }
        }

        foreach (var (field, column) in LikelyColumns)
        {
            if (Key(column) is { } key)
            {
                return $"Say which column it is: --set data.columns.{field}={key}";
            }
        }

        if (file.Container == DatasetContainer.Csv && keys.Count == 1 && keys[0].IndexOfAny([';', '\t']) >= 0)
        {
            return "Separate the cells by commas; this file seems to use another separator.";
        }

        return $"Known formats and their columns: {FormatKind.KnownNames}. Map other names with --set data.columns.prompt=NAME --set data.columns.completion=NAME";
    }

    private static void RefuseUnbuilt(DataFormat format, DatasetFile file)
    {
        var (name, remedy) = format switch
        {
            DataFormat.Sharegpt => ("sharegpt", "Write the rows as 'messages': rename 'conversations' to 'messages', 'from' to 'role' (human: user, gpt: assistant) and 'value' to 'content'."),
            DataFormat.Preference => ("preference", "For supervised fine-tuning write the preferred answers as 'prompt' and 'completion'."),
            _ => ("", ""),
        };
        if (name.Length > 0)
        {
            throw FaultException.Invalid("unsupported_format", $"'{file.Path}' has the format '{name}', which this version does not read.", remedy, "data.format");
        }
    }

    private static void CheckMapping(DataSpec data, DatasetFile file)
    {
        var candidates = FormatKind.Known.Where(kind => data.Format == DataFormat.Auto || kind.Format == data.Format).SelectMany(kind => kind.Fields).Select(field => field.Name).Distinct().ToList();
        foreach (var name in data.Columns?.Keys ?? [])
        {
            if (!candidates.Contains(name))
            {
                var format = data.Format == DataFormat.Auto ? "no format" : $"the format '{FormatKind.Known.First(kind => kind.Format == data.Format).Name}' does not";
                throw FaultException.Invalid(
                    "unknown_column",
                    data.Format == DataFormat.Auto ? $"data.columns maps '{name}', which no format knows." : $"data.columns maps '{name}', which {format} know.",
                    $"The name before the colon is the format's, the one after it the file's; known: {string.Join(", ", candidates)}.",
                    $"data.columns.{name}");
            }
        }

        if (data.Columns is { Count: > 0 } && file.Container == DatasetContainer.PlainText)
        {
            throw FaultException.Invalid("unknown_column", $"data.columns is set, but '{file.Path}' has no columns.", "Leave data.columns out.", "data.columns");
        }
    }

    private static string Quote(IReadOnlyList<string> keys)
    {
        const int shown = 12;
        var names = string.Join(", ", keys.Take(shown).Select(key => $"'{Rows.JsonText.Preview(key)}'"));
        return keys.Count == 0 ? "(none)" : keys.Count > shown ? $"{names} and {keys.Count - shown} more" : names;
    }
}
