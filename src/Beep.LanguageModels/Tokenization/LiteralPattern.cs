namespace Beep.LanguageModels.Tokenization;

/// <summary>Finds a fixed text.</summary>
internal sealed class LiteralPattern(string literal) : TextPattern
{
    public override void Find(ReadOnlySpan<char> text, List<Range> matches)
    {
        if (literal.Length == 0)
        {
            return;
        }

        for (var start = 0; text[start..].IndexOf(literal, StringComparison.Ordinal) is var found and >= 0;)
        {
            matches.Add((start + found)..(start + found + literal.Length));
            start += found + literal.Length;
        }
    }
}
