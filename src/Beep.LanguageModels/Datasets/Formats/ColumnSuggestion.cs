namespace Beep.LanguageModels.Datasets.Formats;

/// <summary>Guesses from the keys of a row what the user should map to what.</summary>
internal static class ColumnSuggestion
{
    private static readonly (string Prompt, string Completion)[] Pairs =
    [
        ("question", "answer"), ("query", "response"), ("query", "answer"), ("prompt", "response"), ("prompt", "answer"),
        ("prompt", "output"), ("instruction", "response"), ("instruction", "completion"), ("question", "response"),
        ("question", "output"), ("input", "output"), ("input", "target"), ("source", "target"), ("user", "assistant"),
        ("context", "response"),
    ];

    private static readonly (string Field, string Column)[] Columns =
    [
        ("messages", "conversation"), ("messages", "dialog"), ("messages", "dialogue"), ("messages", "chat"), ("messages", "turns"),
        ("text", "content"), ("text", "body"), ("text", "document"), ("text", "sentence"), ("text", "story"),
    ];

    /// <summary>Which column of the file each field of a format probably is; null where no guess is worth making.</summary>
    public static IReadOnlyDictionary<string, string>? Find(IReadOnlyList<string> keys)
    {
        string? Key(string name) => keys.FirstOrDefault(key => key.Equals(name, StringComparison.OrdinalIgnoreCase));

        foreach (var (prompt, completion) in Pairs)
        {
            if (Key(prompt) is { } promptKey && Key(completion) is { } completionKey)
            {
                return new Dictionary<string, string>(StringComparer.Ordinal) { ["prompt"] = promptKey, ["completion"] = completionKey };
            }
        }

        foreach (var (field, column) in Columns)
        {
            if (Key(column) is { } key)
            {
                return new Dictionary<string, string>(StringComparer.Ordinal) { [field] = key };
            }
        }

        return null;
    }

    /// <summary>What to do about rows with these keys, which fit no known format.</summary>
    public static string For(DatasetFile file, IReadOnlyList<string> keys)
    {
        if (Find(keys) is { } columns)
        {
            var settings = string.Join(' ', columns.Select(column => $"--set data.columns.{column.Key}={column.Value}"));
            return columns.Count > 1 ? $"Say which column is which: {settings}" : $"Say which column it is: {settings}";
        }

        if (file.Container == DatasetContainer.Csv && keys.Count == 1 && keys[0].IndexOfAny([';', '\t']) >= 0)
        {
            return "Separate the cells by commas; this file seems to use another separator.";
        }

        return $"Known formats and their columns: {FormatKind.KnownNames}. "
            + "Map other names with --set data.columns.prompt=NAME --set data.columns.completion=NAME";
    }
}
