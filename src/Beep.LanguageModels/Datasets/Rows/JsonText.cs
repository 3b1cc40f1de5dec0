using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Beep.LanguageModels.Datasets.Rows;

/// <summary>Questions about the inside of a JSON string that need no copy of it.</summary>
internal static class JsonText
{
    private const int PreviewCharacters = 40;

    /// <summary>Whether the text is empty or white space.</summary>
    public static bool IsBlank(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            var length = text[0] switch
            {
                (byte)' ' => 1,
                (byte)'\\' when text[1] is (byte)'n' or (byte)'r' or (byte)'t' or (byte)'f' => 2,
                (byte)'\\' when text[1] == 'u' && IsWhiteSpace(text[2..6]) => 6,
                >= 0x80 => WhiteSpaceLength(text),
                _ => 0,
            };
            if (length == 0)
            {
                return false;
            }

            text = text[length..];
        }

        return true;
    }

    /// <summary>Whether an escape names half of a surrogate pair without the other half, which is no character.</summary>
    public static bool HasLoneSurrogate(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("\\u"u8) < 0)
        {
            return false;
        }

        var expectsLow = false;
        while (true)
        {
            var escape = text.IndexOf((byte)'\\');
            if (escape != 0 && expectsLow)
            {
                return true;
            }

            if (escape < 0)
            {
                return false;
            }

            text = text[escape..];
            var unit = text[1] == 'u' ? Unit(text[2..6]) : 0;
            var isLow = unit is >= 0xDC00 and <= 0xDFFF;
            if (isLow != expectsLow)
            {
                return true;
            }

            expectsLow = unit is >= 0xD800 and <= 0xDBFF;
            text = text[(text[1] == 'u' ? 6 : 2)..];
        }
    }

    /// <summary>The text itself; halves of surrogate pairs become U+FFFD.</summary>
    public static string Unescape(ReadOnlySpan<byte> text, bool isEscaped)
    {
        if (!isEscaped)
        {
            return Encoding.UTF8.GetString(text);
        }

        var quoted = ArrayPool<byte>.Shared.Rent(text.Length + 2);
        try
        {
            quoted[0] = quoted[text.Length + 1] = (byte)'"';
            text.CopyTo(quoted.AsSpan(1));
            var reader = new Utf8JsonReader(quoted.AsSpan(0, text.Length + 2));
            reader.Read();
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(text);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(quoted);
        }
    }

    /// <summary>The beginning of a value for a message, on one line and without control characters.</summary>
    public static string Preview(string text)
    {
        var isLong = text.Length > PreviewCharacters;
        var builder = new StringBuilder(PreviewCharacters + 1);
        foreach (var rune in (isLong ? text[..PreviewCharacters] : text).EnumerateRunes())
        {
            var isHarmless = Rune.GetUnicodeCategory(rune) is not (System.Globalization.UnicodeCategory.Control or System.Globalization.UnicodeCategory.Format
                or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator);
            builder.Append(isHarmless ? rune.ToString() : " ");
        }

        return isLong ? builder.Append('…').ToString() : builder.ToString();
    }

    private static int Unit(ReadOnlySpan<byte> hex)
    {
        var value = 0;
        foreach (var digit in hex)
        {
            value = (value << 4) | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }

        return value;
    }

    private static bool IsWhiteSpace(ReadOnlySpan<byte> hex) => char.IsWhiteSpace((char)Unit(hex));

    private static int WhiteSpaceLength(ReadOnlySpan<byte> text) =>
        Rune.DecodeFromUtf8(text, out var rune, out var length) == OperationStatus.Done && Rune.IsWhiteSpace(rune) ? length : 0;
}
