using System.Text;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;
using FsCheck.Xunit;

namespace Beep.LanguageModels.Tests.Datasets.Rows;

public sealed class RowHasherTests
{
    [Fact]
    public void Hash_ManySimilarTexts_AreAllDifferentInEveryHalf()
    {
        var (high, low) = (new HashSet<ulong>(), new HashSet<ulong>());
        const int count = 300_000;
        for (var index = 0; index < count; index++)
        {
            var hasher = new RowHasher();
            hasher.Add(5, Encoding.UTF8.GetBytes($"The answer to question {index} of the set."));
            var hash = hasher.Finish();
            high.Add((ulong)(hash >> 64));
            low.Add((ulong)hash);
        }

        Assert.Equal((count, count), (high.Count, low.Count));
    }

    [Fact]
    public void Hash_OneBitChanged_ChangesAboutHalfOfTheBits()
    {
        var text = new byte[100];
        new Random(7).NextBytes(text);
        var whole = HashOf(text);
        var changed = 0L;
        for (var bit = 0; bit < text.Length * 8; bit++)
        {
            text[bit / 8] ^= (byte)(1 << (bit % 8));
            changed += (long)UInt128.PopCount(whole ^ HashOf(text));
            text[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.InRange(changed / (double)(text.Length * 8), 60, 68);
    }

    [Theory]
    [InlineData("{\"a\":\"x\",\"b\":\"y\"}", " { \"a\" :\t\"x\" , \"b\" : \"y\" } ", true)]
    [InlineData("{\"a\":\"xy\",\"b\":\"\"}", "{\"a\":\"x\",\"b\":\"y\"}", false)]
    [InlineData("{\"a\":\"1\"}", "{\"a\":1}", false)]
    [InlineData("{\"a\":[[1],[2]]}", "{\"a\":[[1,2],[]]}", false)]
    [InlineData("{\"a\":\"x\"}", "{\"a\":\"x\\u0000\"}", false)]
    public void Row_WhiteSpaceBetweenValues_DoesNotMatterButTheValuesDo(string first, string second, bool areEqual)
    {
        Assert.Equal(areEqual, RowHash(first) == RowHash(second));
    }

    [Property]
    public bool Hash_SplitElsewhere_IsDifferent(string first, string second)
    {
        (first, second) = (first ?? "", second ?? "");
        var split = new RowHasher();
        split.Add(1, Encoding.UTF8.GetBytes(first));
        split.Add(1, Encoding.UTF8.GetBytes(second));
        var joined = new RowHasher();
        joined.Add(1, Encoding.UTF8.GetBytes(first + second));
        joined.Add(1, []);
        return second.Length == 0 || split.Finish() != joined.Finish();
    }

    private static UInt128 HashOf(ReadOnlySpan<byte> text)
    {
        var hasher = new RowHasher();
        hasher.Add(0, text);
        return hasher.Finish();
    }

    private static UInt128 RowHash(string row)
    {
        var scanner = new RowScanner();
        Assert.True(scanner.Scan(Encoding.UTF8.GetBytes(row), new FindingLog()));
        return scanner.Hash;
    }
}
