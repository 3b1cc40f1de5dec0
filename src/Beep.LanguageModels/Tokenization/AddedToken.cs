namespace Beep.LanguageModels.Tokenization;

/// <summary>A token that is recognised in the text as a whole, before any word is cut.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="IsSpecial">Whether decoding may leave it out.</param>
/// <param name="SingleWord">Whether it only counts where no word character touches it.</param>
/// <param name="StripLeft">Whether it swallows the blanks before it.</param>
/// <param name="StripRight">Whether it swallows the blanks after it.</param>
/// <param name="Normalized">Whether it is looked for in the normalized text rather than in the text as given.</param>
internal sealed record AddedToken(int Id, string Content, bool IsSpecial, bool SingleWord, bool StripLeft, bool StripRight, bool Normalized);
