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

    /// <summary>What to do about rows with these keys, which fit no known format.</summary>
    public static string For(DatasetFile file, IReadOnlyList<string> keys)
    {
        string? Key(string name) => keys.FirstOrDefault(key => key.Equals(name, StringComparison.OrdinalIgnoreCase));

        foreach (var (prompt, completion) in Pairs)
        {
            if (Key(prompt) is { } promptKey && Key(completion) is { } completionKey)
            {
                return $"Say which column is which: --set data.columns.prompt={promptKey} --set data.columns.completion={completionKey}";
            }
        }

        foreach (var (field, column) in Columns)
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

        return $"Known formats and their columns: {FormatKind.KnownNames}. "
            + "Map other names with --set data.columns.prompt=NAME --set data.columns.completion=NAME";
    }
}
