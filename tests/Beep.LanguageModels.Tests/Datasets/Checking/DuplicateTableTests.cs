using Beep.LanguageModels.Datasets.Checking;

namespace Beep.LanguageModels.Tests.Datasets.Checking;

public sealed class DuplicateTableTests
{
    [Fact]
    public void Add_ManyRows_RemembersTheFirstLineOfEach()
    {
        var table = new DuplicateTable();
        var random = new Random(3);
        var hashes = Enumerable.Range(0, 200_000).Select(_ => new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64())).ToList();

        Assert.All(hashes.Select((hash, index) => table.Add(hash, index + 1)), first => Assert.Equal(0, first));
        Assert.Equal(Enumerable.Range(1, hashes.Count).Select(line => (long)line), hashes.Select(hash => table.Add(hash, 999_999)));
        Assert.Equal(hashes.Count, table.Count);
        Assert.Equal(0, table.Find(UInt128.MaxValue));
    }

    [Fact]
    public void Add_BeyondCapacity_ComparesOnly()
    {
        var table = new DuplicateTable(capacity: 2);

        table.Add((UInt128)1 << 100, 1);
        table.Add((UInt128)2 << 100, 2);
        table.Add((UInt128)3 << 100, 3);

        Assert.True(table.IsFull);
        Assert.Equal((1, 2, 0), (table.Find((UInt128)1 << 100), table.Find((UInt128)2 << 100), table.Find((UInt128)3 << 100)));
    }

    [Fact]
    public void Add_LargestLine_IsKept()
    {
        var table = new DuplicateTable();
        const long line = (1L << 40) - 1;

        table.Add(UInt128.MaxValue, line);

        Assert.Equal(line, table.Find(UInt128.MaxValue));
    }
}
