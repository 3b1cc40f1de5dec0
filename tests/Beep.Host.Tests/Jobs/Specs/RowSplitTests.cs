using Beep.Contracts;
using Beep.Host.Jobs.Specs;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Specs;

public sealed class RowSplitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Apply_SameSeed_HoldsTheSameRowsOutAndKeepsEqualOnesTogether()
    {
        var rows = Enumerable.Range(0, 100).Select(i => $$"""{"text":"Row {{i % 90}}."}""").ToList();
        var source = _folder.Write("rows.jsonl", string.Join('\n', rows) + "\n");
        var (first, second, third) = (Split(source, "a", 1), Split(source, "b", 1), Split(source, "c", 2));
        Assert.Equal(first.Validation, second.Validation);
        Assert.Equal(first.Train, second.Train);
        Assert.NotEqual(first.Validation, third.Validation);
        Assert.Equal(100, first.Train.Count + first.Validation.Count);
        Assert.InRange(first.Validation.Count, 20, 21);
        Assert.Empty(first.Train.Intersect(first.Validation));
    }

    [Theory]
    [InlineData(2, 0.01, 1)]
    [InlineData(3, 0.5, 2)]
    [InlineData(10, 0.5, 5)]
    public void Apply_FewRows_LeavesSomeOnEitherSide(int count, double share, int heldOut)
    {
        var source = _folder.Write("few.jsonl", string.Concat(Enumerable.Range(0, count).Select(i => $$"""{"text":"Row {{i}}."}""" + "\n")));
        var (train, validation) = Split(source, "few", 7, share);
        Assert.Equal((count - heldOut, heldOut), (train.Count, validation.Count));
    }

    [Fact]
    public void Apply_Csv_MakesJsonRows()
    {
        var source = _folder.Write("rows.csv", "prompt,completion\n\"One, or so\",1\nTwo,2\nThree,3\n");
        var (train, validation) = Split(source, "csv", 7, 0.3);
        Assert.Equal(3, train.Count + validation.Count);
        Assert.All(train.Concat(validation), row => Assert.StartsWith("{\"prompt\":", row, StringComparison.Ordinal));
    }

    [Fact]
    public void Apply_EqualRowsOnly_IsRefused()
    {
        var source = _folder.Write("same.jsonl", "{\"text\":\"One.\"}\n{\"text\":\"One.\"}\n");
        var error = Assert.Throws<FaultException>(() => Split(source, "same", 7));
        Assert.Equal("too_few_rows", error.Faults[0].Code);
    }

    public void Dispose() => _folder.Dispose();

    private (List<string> Train, List<string> Validation) Split(string source, string name, long seed, double share = 0.2)
    {
        var folder = new JobFolder(_folder.At(name));
        Directory.CreateDirectory(folder.Root);
        new RowSplit(source, share, seed).Write(folder);
        RowSplit.Read(folder)!.Apply(folder, Token);
        return ([.. File.ReadLines(RowSplit.TrainOf(folder))], [.. File.ReadLines(RowSplit.ValidationOf(folder))]);
    }
}
