namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>What a piece of a template is.</summary>
internal enum TemplateTokenKind
{
    Text = 0,
    BlockBegin = 1,
    BlockEnd = 2,
    VariableBegin = 3,
    VariableEnd = 4,
    Name = 5,
    String = 6,
    Integer = 7,
    Float = 8,
    Operator = 9,
    End = 10,
}

/// <summary>A piece of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; of a string literal, what it stands for.</param>
/// <param name="Position">Where it starts in the template.</param>
internal readonly record struct TemplateToken(TemplateTokenKind Kind, string Text, int Position);
