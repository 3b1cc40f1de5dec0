using System.Buffers;

namespace Beep.LanguageModels.Datasets.Records;

/// <summary>Writes text as the inside of a JSON string. Bytes that are not UTF-8 pass unchanged, so that a later check sees them.</summary>
internal static class JsonTextWriter
{
    private static readonly SearchValues<byte> Special =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(value => (byte)value), (byte)'"', (byte)'\\']);

    public static void Append(RecordBlock block, ReadOnlySpan<byte> text)
    {
        Span<byte> control = stackalloc byte[6];
        while (true)
        {
            var special = text.IndexOfAny(Special);
            if (special < 0)
            {
                block.Append(text);
                return;
            }

            block.Append(text[..special]);
            block.Append(Escape(text[special], control));
            text = text[(special + 1)..];
        }
    }

    private static ReadOnlySpan<byte> Escape(byte value, Span<byte> control)
    {
        switch (value)
        {
            case (byte)'"':
                return "\\\""u8;
            case (byte)'\\':
                return "\\\\"u8;
            case (byte)'\n':
                return "\\n"u8;
            case (byte)'\r':
                return "\\r"u8;
            case (byte)'\t':
                return "\\t"u8;
            default:
                "\\u00"u8.CopyTo(control);
                control[4] = "0123456789abcdef"u8[value >> 4];
                control[5] = "0123456789abcdef"u8[value & 15];
                return control;
        }
    }
}
