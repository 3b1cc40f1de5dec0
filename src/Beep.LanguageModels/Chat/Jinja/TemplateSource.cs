using Beep.Contracts;

namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>The text of a template, and faults that name a place in it.</summary>
internal sealed class TemplateSource
{
    /// <summary>The longest published templates have some 30,000 characters.</summary>
    private const int Longest = 1 << 20;

    private readonly string _origin;

    /// <param name="text">The template as its file holds it.</param>
    /// <param name="origin">The file, for faults.</param>
    public TemplateSource(string text, string origin)
    {
        _origin = origin;
        Text = text.ReplaceLineEndings("\n");
        if (Text.EndsWith('\n'))
        {
            Text = Text[..^1];
        }

        if (Text.Length > Longest)
        {
            throw Unsupported(0, $"The template has {Text.Length} characters; at most {Longest} are read.");
        }
    }

    /// <summary>With line feeds only, and without a last one, as Jinja reads it.</summary>
    public string Text { get; }

    /// <summary>Something the template says that this program cannot do.</summary>
    public FaultException Unsupported(int position, string message) => FaultException.Invalid(
        "chat_template_unsupported",
        message,
        "Hand in a simpler template with data.chat_template; ChatML-like ones work.",
        Where(position));

    /// <summary>Something that went wrong while the template ran.</summary>
    public FaultException Failed(int position, string message) => FaultException.Invalid(
        "chat_template_failed",
        message,
        "Check that the messages are what the template expects, or hand in another with data.chat_template.",
        Where(position));

    /// <summary>What the template itself objects to, with <c>raise_exception</c>.</summary>
    public FaultException Refused(int position, string message) => FaultException.Invalid(
        "chat_template_refused",
        $"The chat template refuses the conversation: {message}",
        "Change the order or the roles of the messages, or hand in another template with data.chat_template.",
        Where(position));

    private string Where(int position)
    {
        var before = Text.AsSpan(0, Math.Min(position, Text.Length));
        return $"{_origin}:{before.Count('\n') + 1}:{before.Length - before.LastIndexOf('\n')}";
    }
}
