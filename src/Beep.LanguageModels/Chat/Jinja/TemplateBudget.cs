namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>How much one rendering may do: a template comes from a download and must not hang or flood the program.</summary>
internal sealed class TemplateBudget(TemplateSource source)
{
    /// <summary>A step is a statement or an expression; an honest template takes some twenty a message.</summary>
    private const int MostSteps = 5_000_000;

    /// <summary>In characters or elements.</summary>
    public const int LargestValue = 64 << 20;

    private int _steps;

    public void Step(int position)
    {
        if (++_steps > MostSteps)
        {
            throw source.Failed(position, $"The template took more than {MostSteps} steps.");
        }
    }

    /// <summary>Refuses a text or list of that length before it is made.</summary>
    public void Allow(long length, int position)
    {
        if (length > LargestValue)
        {
            throw source.Failed(position, $"The template makes a value of {length} characters; at most {LargestValue} are allowed.");
        }
    }
}
