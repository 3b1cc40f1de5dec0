namespace Beep.LanguageModels.Tokenization;

/// <summary>Adds the pieces of a word, as ranges in it.</summary>
internal delegate void WordCutter(ReadOnlySpan<char> word, List<Range> pieces);
