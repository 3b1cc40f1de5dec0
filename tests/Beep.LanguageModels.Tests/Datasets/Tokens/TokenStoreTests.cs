using Beep.Contracts;
using Beep.LanguageModels.Datasets.Tokens;
using Beep.Tests;
using FsCheck.Xunit;

namespace Beep.LanguageModels.Tests.Datasets.Tokens;

public sealed class TokenStoreTests
{
    [Property]
    public void Build_AnyRows_ComeBack((int Id, int Label)[][] content)
    {
        using var folder = new TemporaryFolder();
        var rows = content.Select((row, index) => new EncodedRow([.. row.Select(token => token.Id)], [.. row.Select(token => token.Label)], (index * 3) + 1)).ToList();

        using var store = TokenStore.Build(folder.At("cache", "train.tokens"), rows, new DataSpec { Untrainable = UntrainablePolicy.Keep }, out var statistics);

        Assert.Equal(rows.Count, store.Rows);
        Assert.Equal(rows.Sum(row => row.InputIds.Length), store.Tokens);
        Assert.Equal(rows.Sum(row => row.TrainableTokens), store.TrainableTokens);
        Assert.Equal(statistics, store.Statistics);
        for (var row = 0; row < rows.Count; row++)
        {
            Assert.Equal((rows[row].Line, rows[row].InputIds.Length, rows[row].TrainableTokens), (store.Line(row), store.Length(row), store.TrainableLength(row)));
            var (ids, labels) = (new int[store.Length(row)], new int[store.Length(row)]);
            store.Read(row, ids, labels);
            Assert.Equal(rows[row].InputIds, ids);
            Assert.Equal(rows[row].Labels, labels);
        }
    }

    [Fact]
    public void Content_OtherKey_IsTheSameAndOtherLabels_IsNot()
    {
        using var folder = new TemporaryFolder();

        Assert.Equal(Content(key: 1, label: 5), Content(key: 2, label: 5));
        Assert.NotEqual(Content(key: 1, label: 5), Content(key: 1, label: -100));

        string Content(byte key, int label)
        {
            var row = new EncodedRow([4, 5], [4, label], Line: key);
            TokenStore.Write(folder.At("rows.tokens"), [.. Enumerable.Repeat(key, 32)], writer =>
            {
                writer.Append(row);
                return new DataStatistics(1, 2, row.TrainableTokens, 0, 0, 0);
            });
            using var store = TokenStore.Open(folder.At("rows.tokens"));
            return Convert.ToHexString(store.Content);
        }
    }

    [Fact]
    public void TrainableTokens_FirstLabelOfARow_DoesNotCount()
    {
        Assert.Equal(0, new EncodedRow([1], [1], 1).TrainableTokens);
        Assert.Equal(0, new EncodedRow([1, 2], [1, -100], 1).TrainableTokens);
        Assert.Equal(1, new EncodedRow([1, 2, 3], [-100, -100, 3], 1).TrainableTokens);
        Assert.Equal(0, new EncodedRow([], [], 1).TrainableTokens);
    }

    [Fact]
    public void Build_Policies_TruncateDropAndCount()
    {
        using var folder = new TemporaryFolder();
        EncodedRow[] rows = [Row(4, 1, 1), Row(2, 3, 2), Row(2, 0, 3), Row(3, 1, 4)];
        var truncate = new DataSpec { MaxLength = 3, Overlong = OverlongPolicy.Truncate, Untrainable = UntrainablePolicy.Drop };

        using var cut = TokenStore.Build(folder.At("a"), rows, truncate, out var cutStatistics);
        using var kept = TokenStore.Build(folder.At("b"), rows, truncate with { Untrainable = UntrainablePolicy.Keep }, out var keptStatistics);
        using var dropped = TokenStore.Build(folder.At("c"), rows, truncate with { Overlong = OverlongPolicy.Drop, Untrainable = UntrainablePolicy.Keep }, out var droppedStatistics);

        Assert.Equal(new DataStatistics(Rows: 1, Tokens: 3, TrainableTokens: 1, Truncated: 1, Dropped: 3, Untrainable: 3), cutStatistics);
        Assert.Equal(new DataStatistics(Rows: 4, Tokens: 11, TrainableTokens: 1, Truncated: 3, Dropped: 0, Untrainable: 3), keptStatistics);
        Assert.Equal(new DataStatistics(Rows: 1, Tokens: 2, TrainableTokens: 0, Truncated: 0, Dropped: 3, Untrainable: 1), droppedStatistics);
        Assert.Equal(2, cut.Line(0));
    }

    [Fact]
    public void Build_PolicyFail_RefusesWithEveryLineAndWritesNothing()
    {
        using var folder = new TemporaryFolder();
        EncodedRow[] rows = [Row(4, 1, 1), Row(3, 0, 2), Row(2, 1, 3)];

        var error = Assert.Throws<FaultException>(() => TokenStore.Build(folder.At("train.tokens"), rows, new DataSpec { MaxLength = 3 }, out _));

        Assert.Equal(WorkerExitCode.Invalid, error.ExitCode);
        Assert.Equal(
            [
                $"{folder.At("train.tokens")}:1: The row has 5 tokens; data.max_length is 3. Shorten it, raise data.max_length, or set data.overlong to truncate or drop. [overlong]",
                $"{folder.At("train.tokens")}:2: Nothing is learnt from the row: no token of it has a label. Give it an answer, or set data.untrainable to drop. [no_trainable_token]",
            ],
            error.Faults.Select(fault => fault.ToString()));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Open_DamagedFiles_AreRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("train.tokens");
        TokenStore.Build(path, [Row(1, 2, 1)], new DataSpec(), out _).Dispose();
        var sound = File.ReadAllBytes(path);
        byte[][] damaged = [[], sound[..100], sound[..^1], [.. sound, 0], [.. "GARBAGE!"u8, .. sound[8..]], [.. sound[..8], 9, .. sound[9..]]];

        foreach (var content in damaged)
        {
            File.WriteAllBytes(path, content);
            var error = Assert.Throws<FaultException>(() => TokenStore.Open(path));
            Assert.Equal(
                $"{path}: '{path}' is no complete store of tokens. Delete it; it is made again from the dataset. [bad_token_store]",
                error.Message);
        }
    }

    [Fact]
    public void Read_RowOutsideOfTheStore_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("train.tokens");
        TokenStore.Build(path, [Row(1, 2, 1)], new DataSpec(), out _).Dispose();
        var content = File.ReadAllBytes(path);
        content[^8] = 0x7F;
        File.WriteAllBytes(path, content);
        using var store = TokenStore.Open(path);

        Assert.Throws<ArgumentOutOfRangeException>(() => store.Length(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Length(-1));
        Assert.Equal($"{path}: Row 0 of '{path}' lies outside of the file. Delete it; it is made again from the dataset. [bad_token_store]",
            Assert.Throws<FaultException>(() => store.Read(0, new int[200], new int[200])).Message);
    }

    [Fact]
    public void Read_ManyThreads_SeeTheSameRows()
    {
        using var folder = new TemporaryFolder();
        using var store = TokenStore.Build(folder.At("train.tokens"), Enumerable.Range(1, 1000).Select(row => Row(row % 7, 5, row)), new DataSpec(), out _);

        Parallel.For(0, 10_000, index =>
        {
            var row = index % 1000;
            var (ids, labels) = (new int[store.Length(row)], new int[store.Length(row)]);
            store.Read(row, ids, labels);
            Assert.Equal(Row((row + 1) % 7, 5, row + 1).Labels, labels);
        });
    }

    /// <summary>A row with so many masked tokens and then so many labelled ones.</summary>
    private static EncodedRow Row(int masked, int labelled, long line)
    {
        var ids = Enumerable.Range(10, masked + labelled).ToArray();
        return new EncodedRow(ids, [.. ids.Select((id, index) => index < masked ? EncodedRow.Masked : id)], line);
    }
}
