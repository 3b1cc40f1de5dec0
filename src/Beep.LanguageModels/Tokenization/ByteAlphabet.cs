namespace Beep.LanguageModels.Tokenization;

/// <summary>
/// The printable stand-ins that byte-level vocabularies write for the 256 byte values (introduced with GPT-2): a byte that is a
/// printable Latin-1 character stands for itself, the other 68 take U+0100, U+0101 … in order of their value.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] CharOfByte = new char[256];
    private static readonly short[] ByteOfChar = new short[0x144];

    static ByteAlphabet()
    {
        Array.Fill(ByteOfChar, (short)-1);
        var next = 0x100;
        for (var value = 0; value < 256; value++)
        {
            var printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            var character = printable ? value : next++;
            CharOfByte[value] = (char)character;
            ByteOfChar[character] = (short)value;
        }
    }

    public static char ToChar(byte value) => CharOfByte[value];

    /// <summary>The byte that a character of the alphabet stands for, or -1.</summary>
    public static int ToByte(char character) => character < ByteOfChar.Length ? ByteOfChar[character] : -1;

    /// <summary>The bytes that a vocabulary entry stands for; null when a character of it is not of the alphabet.</summary>
    public static byte[]? Decode(string token)
    {
        var bytes = new byte[token.Length];
        for (var index = 0; index < token.Length; index++)
        {
            var value = ToByte(token[index]);
            if (value < 0)
            {
                return null;
            }

            bytes[index] = (byte)value;
        }

        return bytes;
    }
}
