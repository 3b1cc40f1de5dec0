namespace Beep.LanguageModels.Datasets.Findings;

/// <summary>The codes of findings: stable, for programs and for the documentation.</summary>
internal static class FindingCodes
{
    public const string BadCsv = "bad_csv";
    public const string BadJson = "bad_json";
    public const string CellCount = "cell_count";
    public const string DuplicateKey = "duplicate_key";
    public const string DuplicateRow = "duplicate_row";
    public const string EmptyAssistantTurn = "empty_assistant_turn";
    public const string EmptyCompletion = "empty_completion";
    public const string EmptyPrompt = "empty_prompt";
    public const string EmptyText = "empty_text";
    public const string LabelLength = "label_length";
    public const string LineTooLong = "line_too_long";
    public const string MissingAssistantTurn = "missing_assistant_turn";
    public const string MissingColumn = "missing_column";
    public const string MixedSchema = "mixed_schema";
    public const string NanLiteral = "nan_literal";
    public const string NoTrainableToken = "no_trainable_token";
    public const string NotUtf8 = "not_utf8";
    public const string Overlong = "overlong";
    public const string RoleOrder = "role_order";
    public const string RoleUnknown = "role_unknown";
    public const string SameAnswers = "same_answers";
    public const string TokenOutOfRange = "token_out_of_range";
    public const string TooDeep = "too_deep";
    public const string TooManyValues = "too_many_values";
    public const string UnresolvedPlaceholder = "unresolved_placeholder";
    public const string UnsupportedField = "unsupported_field";
    public const string ValidationOverlap = "validation_overlap";
    public const string WrongType = "wrong_type";
}
