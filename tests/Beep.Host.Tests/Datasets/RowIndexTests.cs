using Beep.Host.Datasets.Rows;
using Beep.Tests;

namespace Beep.Host.Tests.Datasets;

public sealed class RowIndexTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(1 << 19)]
    public void Index_OfRuns_IsSortedAndFindsEveryRow(int runRows)
    {
        using var folder = new TemporaryFolder();
        var random = new Random(7);
        var rows = Enumerable.Range(1, 2000).Select(line => (Hash: new UInt128(0, (ulong)random.Next(500)) << 60, Line: (long)line)).ToList();
        using (var writer = new RowIndexWriter(folder.Path, runRows))
        {
            rows.ForEach(row => writer.Add(row.Hash, row.Line));
            writer.Complete(CancellationToken.None);
        }

        Assert.Equal([RowIndex.FileName], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName));
        using var index = RowIndex.Open(folder.Path)!;
        Assert.Equal(rows.OrderBy(row => row.Hash).ThenBy(row => row.Line).Select(row => new RowEntry(row.Hash, row.Line)), index.Read());
        foreach (var (hash, lines) in rows.GroupBy(row => row.Hash).Select(group => (group.Key, group.Select(row => row.Line).Order().Take(3))))
        {
            Assert.Equal(lines, index.Find(hash, 3));
        }

        Assert.Empty(index.Find(1, 3));
    }

    [Fact]
    public void Index_CutOffOrAbsent_IsNone()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(RowIndex.Open(folder.Path));
        using (var writer = new RowIndexWriter(folder.Path))
        {
            writer.Add(1, 1);
            writer.Complete(CancellationToken.None);
        }

        var path = Path.Combine(folder.Path, RowIndex.FileName);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^1]);
        Assert.Null(RowIndex.Open(folder.Path));
    }
}
