namespace Beep.Host.Datasets.Pages;

/// <summary>Datasets in words.</summary>
internal static class DatasetText
{
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public static string State(VersionState state) => state.State switch
    {
        DatasetState.Checking => "being checked",
        DatasetState.Ready => "ready",
        DatasetState.Invalid => Hosting.Units.Count(state.Errors ?? 0, "error"),
        _ => "not checked",
    };

    public static string Badge(DatasetState state) => state switch
    {
        DatasetState.Checking => "busy",
        DatasetState.Ready => "good",
        DatasetState.Invalid => "bad",
        _ => "waiting",
    };

    /// <summary>What a finding's code is about.</summary>
    public static string Title(string code) => code switch
    {
        "duplicate_row" => "Repeated rows",
        "overlong" => "Rows that are longer than the bound",
        "no_trainable_token" => "Rows in which nothing is learnt",
        "unresolved_placeholder" => "Placeholders that were not filled in",
        "empty_completion" => "Empty answers",
        "empty_prompt" => "Empty questions",
        "empty_text" => "Empty texts",
        "empty_assistant_turn" => "Empty answers of the assistant",
        "missing_assistant_turn" => "Conversations without an answer",
        "missing_column" => "Columns that are missing",
        "mixed_schema" => "Rows of another format",
        "role_order" => "Roles out of order",
        "role_unknown" => "Unknown roles",
        "same_answers" => "Pairs whose answers are the same",
        "wrong_type" => "Values of the wrong type",
        "bad_json" => "Rows that are no JSON",
        "not_utf8" => "Text that is not UTF-8",
        "duplicate_key" => "Keys that stand twice",
        "unsupported_field" => "Fields that are not used",
        "unknown_columns" => "Columns that fit no format",
        _ => code.Replace('_', ' '),
    };
}

/// <summary>What a badge needs of a version.</summary>
internal readonly record struct VersionState(DatasetState State, int? Errors);
