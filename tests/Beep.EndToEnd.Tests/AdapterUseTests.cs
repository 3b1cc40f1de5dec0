using System.Text.Json.Nodes;
using Beep.EndToEnd.Tests.Support;

namespace Beep.EndToEnd.Tests;

public sealed class AdapterUseTests : IDisposable
{
    private readonly SmallJob _job = new();

    [Fact]
    public async Task Merge_TrainedAdapter_AnswersAsTheAdapterDid()
    {
        Assert.Equal(0, (await BeepProgram.RunAsync(_job.Train(60, "job", "--set", "train.learning_rate=5e-3"))).ExitCode);
        var merged = _job.At("merged");
        var merge = await BeepProgram.RunAsync("merge", "--model", SmallJob.Model, "--adapter", _job.Folder.Adapter, "--out", merged);
        Assert.Equal((0, ""), (merge.ExitCode, merge.Error));
        Assert.Equal($"Try it: beep generate --model {merged} --prompt \"…\"", merge.LastLine);

        string[] ask = ["--prompt", "Count 7 is", "--raw", "--max-new-tokens", "12"];
        var adapter = await BeepProgram.RunAsync(["generate", "--model", SmallJob.Model, "--adapter", _job.Folder.Adapter, .. ask]);
        var whole = await BeepProgram.RunAsync(["generate", "--model", merged, .. ask]);
        Assert.Equal((0, ""), (adapter.ExitCode, adapter.Error));
        Assert.Equal(adapter.Output, whole.Output);

        var json = await BeepProgram.RunAsync(["generate", "--model", merged, .. ask, "--json"]);
        Assert.Equal(adapter.Output.TrimEnd('\n'), ((string?)JsonNode.Parse(json.Output)!["text"])!.TrimEnd('\n'));

        var again = await BeepProgram.RunAsync("merge", "--model", SmallJob.Model, "--adapter", _job.Folder.Adapter, "--out", merged);
        Assert.Equal(20, again.ExitCode);
        Assert.Contains("[output_exists]", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_ThisMachine_IsWell()
    {
        var result = await BeepProgram.RunWithAsync(new Dictionary<string, string> { ["BEEP_PYTHON_HOME"] = _job.At("home") }, "doctor", "--json");
        Assert.True(result.ExitCode == 0, result.Output);
        var checks = JsonNode.Parse(result.Output)!["checks"]!.AsArray();
        Assert.Contains(checks, check => (string?)check!["name"] == "Trainer" && (string?)check["level"] == "ok");
        Assert.False(Directory.Exists(_job.At("home")), "doctor only looks");
    }

    public void Dispose() => _job.Dispose();
}
