namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>A statement of a template.</summary>
/// <param name="Position">Where it starts in the template.</param>
internal abstract record TemplateNode(int Position);

internal sealed record TextNode(int Position, string Text) : TemplateNode(Position);

internal sealed record OutputNode(int Position, TemplateExpression Value) : TemplateNode(Position);

/// <param name="Position">Where it starts.</param>
/// <param name="Branches">Tried in order; a null condition is <c>else</c>.</param>
internal sealed record IfNode(int Position, IReadOnlyList<(TemplateExpression? Condition, IReadOnlyList<TemplateNode> Body)> Branches) : TemplateNode(Position);

internal sealed record ForNode(
    int Position,
    IReadOnlyList<string> Targets,
    TemplateExpression Items,
    TemplateExpression? Condition,
    IReadOnlyList<TemplateNode> Body,
    IReadOnlyList<TemplateNode> Otherwise) : TemplateNode(Position);

/// <param name="Position">Where it starts.</param>
/// <param name="Targets">Names, or one attribute of a namespace.</param>
/// <param name="Value">What they become.</param>
internal sealed record SetNode(int Position, IReadOnlyList<TemplateExpression> Targets, TemplateExpression Value) : TemplateNode(Position);

internal sealed record SetBlockNode(int Position, string Name, IReadOnlyList<TemplateNode> Body) : TemplateNode(Position);

internal sealed record MacroNode(
    int Position,
    string Name,
    IReadOnlyList<(string Name, TemplateExpression? Default)> Parameters,
    IReadOnlyList<TemplateNode> Body) : TemplateNode(Position);

internal sealed record GenerationNode(int Position, IReadOnlyList<TemplateNode> Body) : TemplateNode(Position);

/// <param name="Position">Where it stands.</param>
/// <param name="Leaves"><c>break</c> rather than <c>continue</c>.</param>
internal sealed record LoopJumpNode(int Position, bool Leaves) : TemplateNode(Position);
