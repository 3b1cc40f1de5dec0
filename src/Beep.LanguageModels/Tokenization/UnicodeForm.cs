namespace Beep.LanguageModels.Tokenization;

/// <summary>The four normalization forms of Unicode Standard Annex 15.</summary>
internal enum UnicodeForm
{
    C = 0,
    D = 1,
    KC = 2,
    KD = 3,
}
