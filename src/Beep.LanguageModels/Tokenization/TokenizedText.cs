namespace Beep.LanguageModels.Tokenization;

/// <summary>The tokens of a text and where each came from.</summary>
/// <param name="Ids">Token ids, in order.</param>
/// <param name="Starts">For each token, the UTF-16 index in the original text of the first character it covers, even in part.</param>
/// <param name="Ends">For each token, the UTF-16 index just past the last character it covers, even in part.</param>
internal sealed record TokenizedText(int[] Ids, int[] Starts, int[] Ends);
