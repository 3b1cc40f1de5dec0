namespace Beep.LanguageModels.Tokenization;

/// <summary>A text that came about from another, and for each of its UTF-16 units the span of the original it came from.</summary>
/// <param name="Text">The text as it is now.</param>
/// <param name="Shift">Where it starts in the original, when nothing was changed and <paramref name="Starts"/> is null.</param>
/// <param name="Starts">Per unit, the first unit of the original it came from; null when nothing was changed.</param>
/// <param name="Ends">Per unit, one past the last; null when nothing was changed.</param>
internal sealed record AlignedText(string Text, int Shift = 0, int[]? Starts = null, int[]? Ends = null)
{
    public int OriginalStart(int index) => Starts is null ? index + Shift : Starts[index];

    public int OriginalEnd(int index) => Ends is null ? index + Shift + 1 : Ends[index];

    public AlignedText Slice(int start, int end) => start == 0 && end == Text.Length
        ? this
        : new AlignedText(Text[start..end], Shift + start, Starts?[start..end], Ends?[start..end]);
}
