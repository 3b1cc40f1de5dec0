using System.Buffers.Binary;

namespace Beep.LanguageModels.Datasets.Rows;

/// <summary>
/// A fast 128-bit hash for telling rows apart: multiply and fold, as in wyhash. It is no defence against someone
/// who makes collisions on purpose; what would he gain but a warning.
/// </summary>
internal struct RowHasher
{
    private const ulong K0 = 0x9E3779B97F4A7C15;
    private const ulong K1 = 0xC2B2AE3D27D4EB4F;
    private const ulong K2 = 0x165667B19E3779F9;
    private const ulong K3 = 0xD6E8FEB86659FD93;

    private ulong _first;
    private ulong _second;

    public RowHasher() => (_first, _second) = (K0, K1);

    /// <summary>64 bits of one text.</summary>
    public static ulong Hash(ReadOnlySpan<byte> text)
    {
        var hasher = new RowHasher();
        hasher.Add(0, text);
        return (ulong)hasher.Finish();
    }

    /// <summary>Takes one part in; where parts begin and end makes a difference.</summary>
    public void Add(byte kind, ReadOnlySpan<byte> text)
    {
        // The length tells apart what the overlapping reads of the last bytes cannot.
        var end = (((ulong)text.Length << 8) | kind) * K1;
        while (text.Length > 16)
        {
            Take(BinaryPrimitives.ReadUInt64LittleEndian(text), BinaryPrimitives.ReadUInt64LittleEndian(text[8..]));
            text = text[16..];
        }

        switch (text.Length)
        {
            case >= 8:
                Take(BinaryPrimitives.ReadUInt64LittleEndian(text), BinaryPrimitives.ReadUInt64LittleEndian(text[^8..]) ^ end);
                break;
            case >= 4:
                Take(BinaryPrimitives.ReadUInt32LittleEndian(text) | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(text[^4..]) << 32), end);
                break;
            case > 0:
                Take(text[0] | ((ulong)text[text.Length / 2] << 8) | ((ulong)text[^1] << 16), end);
                break;
            default:
                Take(0, end);
                break;
        }
    }

    /// <summary>The hash of all parts so far.</summary>
    public readonly UInt128 Finish() => new(Fold(_first ^ K2, _second ^ K0), Fold(_second ^ K3, _first ^ K1));

    private void Take(ulong low, ulong high)
    {
        (_first, _second) = (Fold(low ^ _first ^ K2, high ^ K1) + (_second ^ low), Fold(high ^ _second ^ K3, low ^ K0) + (_first ^ high));
    }

    private static ulong Fold(ulong left, ulong right)
    {
        var high = Math.BigMul(left, right, out var low);
        return high ^ low;
    }
}
