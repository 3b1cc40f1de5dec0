namespace Beep.LanguageModels.Tokenization;

/// <summary>What a normalizer or pre-tokenizer looks for: a fixed text, or an expression in the syntax of Oniguruma.</summary>
internal abstract class TextPattern
{
    /// <summary>Adds the matches, left to right; without an overlap, possibly empty.</summary>
    public abstract void Find(ReadOnlySpan<char> text, List<Range> matches);
}
