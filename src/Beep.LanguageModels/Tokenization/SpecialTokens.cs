namespace Beep.LanguageModels.Tokenization;

/// <summary>The tokens that have a role, by id.</summary>
/// <param name="EndOfSequence">Where generation stops; that of the tokenizer first.</param>
/// <param name="Pad">What fills a batch up.</param>
/// <param name="BeginningOfSequence">What starts a text.</param>
internal sealed record SpecialTokens(IReadOnlyList<int> EndOfSequence, int? Pad, int? BeginningOfSequence);
