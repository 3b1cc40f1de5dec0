using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Beep.Host.Identity.Passwords;

/// <summary>The function scrypt of RFC 7914, to verify imported hashes; new ones are not made with it.</summary>
internal static class Scrypt
{
    private const int SalsaWords = 16;
    private const int SalsaBytes = SalsaWords * sizeof(uint);

    public static byte[] Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int cost, int blockSize, int parallelization, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cost, 2);
        ArgumentOutOfRangeException.ThrowIfNotEqual(BitOperations.IsPow2(cost), true);
        var blockBytes = 2 * SalsaBytes * blockSize;
        var blocks = Rfc2898DeriveBytes.Pbkdf2(password, salt, 1, HashAlgorithmName.SHA256, parallelization * blockBytes);
        var table = new uint[(long)cost * blockBytes / sizeof(uint)];
        for (var i = 0; i < parallelization; i++)
        {
            MixLarge(blocks.AsSpan(i * blockBytes, blockBytes), table, cost, blockSize);
        }

        return Rfc2898DeriveBytes.Pbkdf2(password, blocks, 1, HashAlgorithmName.SHA256, length);
    }

    /// <summary>ROMix.</summary>
    private static void MixLarge(Span<byte> block, uint[] table, int cost, int blockSize)
    {
        var words = block.Length / sizeof(uint);
        var (x, y) = (new uint[words], new uint[words]);
        for (var i = 0; i < words; i++)
        {
            x[i] = BinaryPrimitives.ReadUInt32LittleEndian(block[(i * sizeof(uint))..]);
        }

        for (var i = 0; i < cost; i++)
        {
            x.CopyTo(table.AsSpan(i * words, words));
            MixBlocks(x, y, blockSize);
        }

        for (var i = 0; i < cost; i++)
        {
            var other = table.AsSpan((int)(x[words - SalsaWords] & (uint)(cost - 1)) * words, words);
            for (var k = 0; k < words; k++)
            {
                x[k] ^= other[k];
            }

            MixBlocks(x, y, blockSize);
        }

        for (var i = 0; i < words; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(block[(i * sizeof(uint))..], x[i]);
        }
    }

    /// <summary>BlockMix: even results go to the first half, odd ones to the second.</summary>
    private static void MixBlocks(uint[] x, uint[] y, int blockSize)
    {
        Span<uint> state = stackalloc uint[SalsaWords];
        x.AsSpan(x.Length - SalsaWords).CopyTo(state);
        for (var i = 0; i < 2 * blockSize; i++)
        {
            for (var k = 0; k < SalsaWords; k++)
            {
                state[k] ^= x[(i * SalsaWords) + k];
            }

            Salsa8(state);
            state.CopyTo(y.AsSpan(((i / 2) + (i % 2 * blockSize)) * SalsaWords));
        }

        y.CopyTo(x, 0);
    }

    private static void Salsa8(Span<uint> b)
    {
        Span<uint> x = stackalloc uint[SalsaWords];
        b.CopyTo(x);
        for (var round = 0; round < 8; round += 2)
        {
            Quarter(x, 0, 4, 8, 12);
            Quarter(x, 5, 9, 13, 1);
            Quarter(x, 10, 14, 2, 6);
            Quarter(x, 15, 3, 7, 11);
            Quarter(x, 0, 1, 2, 3);
            Quarter(x, 5, 6, 7, 4);
            Quarter(x, 10, 11, 8, 9);
            Quarter(x, 15, 12, 13, 14);
        }

        for (var i = 0; i < SalsaWords; i++)
        {
            b[i] += x[i];
        }
    }

    private static void Quarter(Span<uint> x, int a, int b, int c, int d)
    {
        x[b] ^= BitOperations.RotateLeft(x[a] + x[d], 7);
        x[c] ^= BitOperations.RotateLeft(x[b] + x[a], 9);
        x[d] ^= BitOperations.RotateLeft(x[c] + x[b], 13);
        x[a] ^= BitOperations.RotateLeft(x[d] + x[c], 18);
    }
}
