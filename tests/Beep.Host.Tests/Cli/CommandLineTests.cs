using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Cli;

public sealed class CommandLineTests
{
    private readonly TestTerminal _terminal = new();

    [Fact]
    public async Task Run_Version_PrintsIt()
    {
        Assert.Equal(0, await _terminal.RunAsync("--version"));
        Assert.Equal("beep 0.1.0\n", _terminal.Output);
    }

    [Fact]
    public async Task Run_Help_ShowsTheCommands()
    {
        Assert.Equal(0, await _terminal.RunAsync("--help"));
        Assert.Contains("quickstart", _terminal.Output, StringComparison.Ordinal);
        Assert.Contains("dataset", _terminal.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("error: Required command was not provided. See beep --help. [bad_usage]\nerror: Unrecognized command or argument 'trian'. See beep --help. [bad_usage]", "trian")]
    [InlineData("error: Option '--out' is required. See beep train --help. [bad_usage]", "train", "--model", "m", "--data", "d")]
    [InlineData("error: Required argument missing for option: '--set'. See beep plan --help. [bad_usage]", "plan", "--set")]
    [InlineData("error: Required argument missing for command: 'check'. See beep dataset check --help. [bad_usage]", "dataset", "check")]
    public async Task Run_WrongUsage_SaysWhatAndWhereToLook(string expected, params string[] arguments)
    {
        Assert.Equal(20, await _terminal.RunAsync(arguments));
        Assert.Equal(expected + "\n", _terminal.Error);
        Assert.Empty(_terminal.Output);
    }

    [Fact]
    public async Task Run_WrongUsageWithJson_PrintsOneObject()
    {
        Assert.Equal(20, await _terminal.RunAsync("train", "--json"));
        Assert.Empty(_terminal.Error);
        var result = JsonNode.Parse(_terminal.Output)!;
        Assert.Equal(("failed", 20, "bad_usage"), ((string?)result["status"], (int)result["exit_code"]!, (string?)result["faults"]![0]!["code"]));
    }

    [Fact]
    public async Task Run_ArgumentThatBeginsWithAt_IsNoResponseFile()
    {
        Assert.Equal(20, await _terminal.RunAsync("dataset", "check", "@/etc/passwd"));
        Assert.DoesNotContain("root:", _terminal.Error, StringComparison.Ordinal);
        Assert.Contains("@", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Train_ListsEveryProblemAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        var (model, data, output) = (folder.At("no-model"), folder.At("no-data.jsonl"), folder.At("job"));
        var exitCode = await _terminal.RunAsync("train", "--model", model, "--data", data, "--out", output, "--backend", "torchsharp", "--set", "method=qlora", "--set", "task=dpo");
        Assert.Equal(20, exitCode);
        Assert.Equal(
            $"""
            error: method: 'method' is 'qlora', which the backend 'torchsharp' does not do. Set backend to transformers, or choose another method. [backend_cannot]
            error: task: 'task' is 'dpo', which the backend 'torchsharp' does not do. Set backend to transformers, or choose another task. [backend_cannot]
            error: model.path: There is no model folder '{model}'. Name a folder in Hugging Face layout. [model_not_found]
            error: data.train: There is no file '{data}'. Name a .jsonl, .json, .csv or .txt file. [data_not_found]

            """.ReplaceLineEndings("\n"),
            _terminal.Error);
        Assert.False(Directory.Exists(output));
    }

    [Fact]
    public async Task Run_UnexpectedFault_ShowsNoTraceUnlessAsked()
    {
        var broken = _terminal.Services() with { Trainer = () => throw new InvalidOperationException("boom") };
        string[] arguments = ["generate", "--model", "m", "--prompt", "hi"];
        Assert.Equal(50, await BeepCommand.RunAsync(arguments, broken, TestContext.Current.CancellationToken));
        Assert.Equal("error: The command failed: boom Run it again with --verbose and report the trace. [unexpected]\n", _terminal.Error);
        Assert.Equal(50, await BeepCommand.RunAsync([.. arguments, "--verbose"], broken, TestContext.Current.CancellationToken));
        Assert.Contains("InvalidOperationException: boom", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_PresetsWithJson_PrintsOneObject()
    {
        Assert.Equal(0, await _terminal.RunAsync("presets", "--json"));
        var result = JsonNode.Parse(_terminal.Output)!;
        Assert.Equal(["dora", "dpo", "full", "lora", "lora-small", "qlora"], result["presets"]!.AsArray().Select(preset => (string?)preset!["name"]));
    }
}
