namespace Beep.LanguageModels.Tokenization;

/// <summary>What a <c>tokenizer.json</c> says.</summary>
/// <param name="Model">How words become tokens.</param>
/// <param name="AddedTokens">Tokens recognised before words are cut, each content once.</param>
/// <param name="Tokens">Per id the token as the file spells it; null where no token has the id.</param>
/// <param name="Normalizer">How text is rewritten first; null leaves it alone.</param>
/// <param name="PreTokenizer">How text is cut into words.</param>
/// <param name="PostProcessor">What is put around a text when special tokens are asked for.</param>
internal sealed record TokenizerDefinition(
    BytePairModel Model,
    IReadOnlyList<AddedToken> AddedTokens,
    string?[] Tokens,
    Normalizer? Normalizer,
    PreTokenizer PreTokenizer,
    PostProcessor PostProcessor)
{
    private readonly Dictionary<string, int> _added =
        AddedTokens.ToDictionary(static token => token.Content, static token => token.Id, StringComparer.Ordinal);

    /// <summary>The id of a token, an added one first; null when there is none.</summary>
    public int? IdOf(string token) =>
        _added.TryGetValue(token, out var id) || Model.Vocabulary.TryGetValue(token, out id) ? id : null;
}
