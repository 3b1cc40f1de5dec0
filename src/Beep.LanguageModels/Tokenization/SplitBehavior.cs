namespace Beep.LanguageModels.Tokenization;

/// <summary>What becomes of the text that a <c>Split</c> pattern matches.</summary>
internal enum SplitBehavior
{
    Removed = 0,
    Isolated = 1,
    MergedWithPrevious = 2,
    MergedWithNext = 3,
    Contiguous = 4,
}
