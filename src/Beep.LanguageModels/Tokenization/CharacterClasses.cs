using System.Globalization;

namespace Beep.LanguageModels.Tokenization;

/// <summary>Classes of code points: <c>\p{L}</c>, <c>\p{N}</c>, <c>\s</c> (Unicode White_Space) and the rest.</summary>
internal static class CharacterClasses
{
    private static readonly CharacterClass[] OfUnit = Classify();

    /// <summary>The class of the code point at an index, and how many UTF-16 units it takes; a lone surrogate is Other.</summary>
    public static CharacterClass At(ReadOnlySpan<char> text, int index, out int length)
    {
        var unit = text[index];
        if (!char.IsHighSurrogate(unit) || index + 1 >= text.Length || !char.IsLowSurrogate(text[index + 1]))
        {
            length = 1;
            return OfUnit[unit];
        }

        length = 2;
        return OfCategory(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(unit, text[index + 1])));
    }

    private static CharacterClass[] Classify()
    {
        var result = new CharacterClass[char.MaxValue + 1];
        for (var unit = 0; unit <= char.MaxValue; unit++)
        {
            result[unit] = char.IsWhiteSpace((char)unit)
                ? CharacterClass.Space
                : OfCategory(CharUnicodeInfo.GetUnicodeCategory((char)unit));
        }

        return result;
    }

    private static CharacterClass OfCategory(UnicodeCategory category) => category switch
    {
        <= UnicodeCategory.OtherLetter => CharacterClass.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterClass.Number,
        UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => CharacterClass.Space,
        _ => CharacterClass.Other,
    };
}
