namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>Walks over the tokens of a template.</summary>
internal sealed class TokenReader(TemplateSource source, IReadOnlyList<TemplateToken> tokens)
{
    private int _next;

    public TemplateSource Source { get; } = source;

    public TemplateToken Current => tokens[_next];

    public TemplateToken Following => tokens[Math.Min(_next + 1, tokens.Count - 1)];

    public TemplateToken Take() => tokens[_next++];

    public bool Is(TemplateTokenKind kind, string? text = null) => Current.Kind == kind && (text is null || Current.Text == text);

    public bool IsOperator(string text) => Is(TemplateTokenKind.Operator, text);

    public bool IsName(string text) => Is(TemplateTokenKind.Name, text);

    public bool TryTakeOperator(string text) => TryTake(TemplateTokenKind.Operator, text);

    public bool TryTakeName(string text) => TryTake(TemplateTokenKind.Name, text);

    public TemplateToken Expect(TemplateTokenKind kind, string? text = null) =>
        Is(kind, text) ? Take() : throw Unexpected($"{(text is null ? Describe(kind) : $"\"{text}\"")} belongs here");

    public Exception Unexpected(string wanted) =>
        Source.Unsupported(Current.Position, $"Found {(Current.Text.Length > 0 ? $"\"{Current.Text}\"" : Describe(Current.Kind))} where {wanted}.");

    private bool TryTake(TemplateTokenKind kind, string text)
    {
        var found = Is(kind, text);
        _next += found ? 1 : 0;
        return found;
    }

    private static string Describe(TemplateTokenKind kind) => kind switch
    {
        TemplateTokenKind.BlockBegin => "\"{%\"",
        TemplateTokenKind.BlockEnd => "\"%}\"",
        TemplateTokenKind.VariableBegin => "\"{{\"",
        TemplateTokenKind.VariableEnd => "\"}}\"",
        TemplateTokenKind.Name => "a name",
        TemplateTokenKind.String => "a text",
        TemplateTokenKind.Integer or TemplateTokenKind.Float => "a number",
        TemplateTokenKind.Operator => "an operator",
        TemplateTokenKind.Text => "text",
        TemplateTokenKind.End => "the end of the template",
        _ => "something else",
    };
}
