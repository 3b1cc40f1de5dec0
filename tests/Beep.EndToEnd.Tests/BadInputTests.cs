using System.Text.Json.Nodes;
using Beep.EndToEnd.Tests.Support;

namespace Beep.EndToEnd.Tests;

public sealed class BadInputTests : IDisposable
{
    private readonly SmallJob _job = new();

    [Fact]
    public async Task Train_BrokenRows_TellsEachWithItsLineAndStartsNothing()
    {
        await File.AppendAllTextAsync(_job.Data, "{\"text\": \"open\n{\"text\": NaN}\n{\"text\": \"a\", \"text\": \"b\"}\n", TestContext.Current.CancellationToken);
        var result = await BeepProgram.RunAsync(_job.Train(5));
        Assert.Equal(20, result.ExitCode);
        var lines = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Collection(
            lines,
            line => Assert.Matches("^error: .*rows.jsonl:61.*\\[bad_json\\]$", line),
            line => Assert.Matches("^error: .*rows.jsonl:62.*\\[nan_literal\\]$", line),
            line => Assert.Matches("^error: .*rows.jsonl:63.*\\[duplicate_key\\]$", line));
        Assert.False(Directory.Exists(_job.Folder.Artifacts));
        Assert.Empty(_job.Folder.ListCheckpoints());
    }

    [Fact]
    public async Task DatasetCheck_BrokenRows_ReportsThemAndTheCounts()
    {
        await File.AppendAllTextAsync(_job.Data, "{\"text\": \"open\n", TestContext.Current.CancellationToken);
        var result = await BeepProgram.RunAsync("dataset", "check", _job.Data, "--model", SmallJob.Model, "--json");
        Assert.Equal(20, result.ExitCode);
        var data = JsonNode.Parse(result.Output)!["data"]!;
        Assert.Equal((61, 60), ((int)data["rows"]!, (int)data["valid_rows"]!));
        Assert.Equal(("bad_json", 61), ((string?)data["findings"]![0]!["code"], (int)data["findings"]![0]!["first"]![0]!["line"]!));
    }

    [Fact]
    public async Task DatasetCheck_SoundRows_SaysWhatToDoNext()
    {
        var result = await BeepProgram.RunAsync("dataset", "check", _job.Data);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal($"The data can be trained on. Next: beep plan --model DIR --data {_job.Data}", result.LastLine);
    }

    [Fact]
    public async Task Plan_LongRows_NamesTheShareAndTheChoices()
    {
        var arguments = _job.Train(5, "job", "--set", "data.max_length=19");
        var result = await BeepProgram.RunAsync(["plan", .. arguments[1..]]);
        Assert.Equal(20, result.ExitCode);
        Assert.Matches("error: data.max_length: .* of 60 rows \\(.* %\\) are longer than 19 tokens; the longest has .*\\. Raise data.max_length, or choose data.overlong=truncate or drop\\. \\[overlong\\]", result.Output);
        Assert.False(Directory.Exists(_job.Folder.Root));
    }

    [Fact]
    public async Task Plan_SoundJob_EstimatesAndExitsWithZero()
    {
        var arguments = _job.Train(5);
        var result = await BeepProgram.RunAsync(["plan", .. arguments[1..], "--json"]);
        Assert.Equal(0, result.ExitCode);
        var plan = JsonNode.Parse(result.Output)!;
        Assert.Equal(5, (int)plan["steps"]!);
        Assert.InRange((long)plan["memory_bytes"]!["total"]!, 100_000_000, 1_000_000_000);
        Assert.Equal(60, (int)plan["data"]!["rows"]!);
    }

    [Fact]
    public async Task Train_FolderThatCannotBeWritten_SaysSo()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc is read-only for everyone on Linux; elsewhere there is no such folder.");
        var arguments = _job.Train(5);
        arguments[Array.IndexOf(arguments, "--out") + 1] = "/proc/beep-job";
        var result = await BeepProgram.RunAsync(arguments);
        Assert.Equal(20, result.ExitCode);
        Assert.Matches("^error: --out: The job folder '/proc/beep-job' cannot be written: .* Choose another --out, or free space and correct the permissions\\. \\[unwritable\\]\n$", result.Error);
    }

    [Theory]
    [InlineData("--flag")]
    [InlineData("; rm -rf x")]
    [InlineData("$(touch x)")]
    [InlineData("https:publisher/name")]
    public async Task Generate_OddModelName_IsOneArgumentAndIsRefused(string name)
    {
        var result = await BeepProgram.RunAsync("generate", $"--model={name}", "--prompt", "hi", "--json");
        Assert.Equal(20, result.ExitCode);
        Assert.Contains(name, (string?)JsonNode.Parse(result.Output)!["faults"]![0]!["message"], StringComparison.Ordinal);
    }

    public void Dispose() => _job.Dispose();
}
