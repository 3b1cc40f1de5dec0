using System.Text;

namespace Beep.LanguageModels.Tokenization;

/// <summary>Code points of UTF-16 text that may hold lone surrogates, which count as code points of their own.</summary>
internal static class CodePoint
{
    /// <summary>UTF-16 units of the code point that starts at an index: 1 or 2.</summary>
    public static int Length(ReadOnlySpan<char> text, int index) =>
        char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]) ? 2 : 1;

    public static int At(ReadOnlySpan<char> text, int index) =>
        Length(text, index) == 2 ? char.ConvertToUtf32(text[index], text[index + 1]) : text[index];

    public static void Append(StringBuilder text, int point)
    {
        if (point < 0x10000)
        {
            text.Append((char)point);
        }
        else
        {
            text.Append(char.ConvertFromUtf32(point));
        }
    }
}
