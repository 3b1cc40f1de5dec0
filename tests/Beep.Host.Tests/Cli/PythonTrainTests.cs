using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Cli;

/// <summary><c>beep train</c> and <c>beep plan</c> on the <c>transformers</c> backend, with a real program where the interpreter would be.</summary>
public sealed class PythonTrainTests : IDisposable
{
    private static readonly string Model = RepositoryFiles.Fixture("llama-tied");

    private readonly TemporaryFolder _folder = new();
    private readonly TestTerminal _terminal = new();

    [Fact]
    public async Task Train_PythonOfAPath_RunsTheWorkerModuleInTheJobFolder()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The program is a shell script.");
        var python = Interpreter();

        Assert.Equal(0, await RunAsync("train", "--preset", "dpo", "--model", Model, "--data", Pairs(), "--set", "train.max_steps=3", "--out", _folder.At("job"), "--python", python));

        Assert.Equal("", _terminal.Error);
        Assert.Contains("Done: 3 steps", _terminal.Output, StringComparison.Ordinal);
        var spec = JsonNode.Parse(await File.ReadAllTextAsync(_folder.At("job/spec.json"), TestContext.Current.CancellationToken))!;
        Assert.Equal(("transformers", "dpo", 0.1), ((string?)spec["backend"], (string?)spec["task"], (double)spec["dpo"]!["beta"]!));
        var seen = await File.ReadAllLinesAsync(_folder.At("job/environment.seen"), TestContext.Current.CancellationToken);
        Assert.Contains(seen, line => line.StartsWith("PYTHONPATH=", StringComparison.Ordinal) && line.EndsWith("huggingface", StringComparison.Ordinal));
        Assert.Contains("HF_HUB_OFFLINE=1", seen);
        Assert.Equal($"-m beep_trainer train {_folder.At("job")}\n", await File.ReadAllTextAsync(_folder.At("called"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Train_RealPython_LearnsThePreferenceAndWritesTheModel()
    {
        var python = Environment.GetEnvironmentVariable("BEEP_TEST_PYTHON");
        Assert.SkipUnless(python is not null, "BEEP_TEST_PYTHON names no interpreter with the libraries of the Hugging Face worker; ./test makes one.");

        string[] small = ["--set", "method=full", "--set", "data.max_length=128", "--set", "train.max_steps=5", "--set", "train.learning_rate=1e-3"];
        Assert.Equal(0, await RunAsync(["train", "--preset", "dpo", "--model", Model, "--data", RepositoryFiles.Fixture("preferences/sharegpt.jsonl"), "--out", _folder.At("job"), "--python", python!, .. small]));

        Assert.Contains("Done: 5 steps", _terminal.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(_folder.At("job/artifacts/merged/model.safetensors")));
        var losses = File.ReadLines(_folder.At("job/events.jsonl")).Select(line => JsonNode.Parse(line)!).Where(line => (string?)line["type"] == "metric").Select(line => (double)line["loss"]!).ToList();
        // Before the first step nothing is preferred: the loss is ln 2.
        Assert.Equal(Math.Log(2), losses[0], 3);
        Assert.True(losses[^1] < losses[0] / 2, string.Join(", ", losses));
    }

    [Theory]
    [InlineData("no_environment", "--preset", "dpo")]
    [InlineData("environment_not_found", "--preset", "dpo", "--environment", "gpu")]
    [InlineData("python_not_found", "--preset", "dpo", "--python", "no/such/python")]
    [InlineData("two_pythons", "--preset", "dpo", "--python", "python3", "--environment", "gpu")]
    [InlineData("not_for_backend", "--preset", "dpo", "--set", "task=sft", "--backend", "torchsharp", "--python", "python3")]
    [InlineData("needs_server", "--preset", "dpo", "--backend", "custom")]
    public async Task Train_WithoutAWorkerToRunIt_SaysWhatToDoAndLeavesNothing(string code, params string[] arguments)
    {
        Assert.Equal(20, await RunAsync(["train", "--json", "--model", Model, "--data", Pairs(), "--out", _folder.At("job"), .. arguments]));

        var fault = Assert.Single(JsonNode.Parse(_terminal.Output)!["faults"]!.AsArray())!;
        Assert.Equal(code, (string?)fault["code"]);
        Assert.NotEmpty((string?)fault["remedy"] ?? "");
        Assert.False(Directory.Exists(_folder.At("job")));
    }

    [Fact]
    public async Task Plan_WithoutAnEnvironment_ListsThatBesideTheRest()
    {
        Assert.Equal(20, await RunAsync("plan", "--json", "--preset", "dpo", "--model", Model, "--data", _folder.Write("rows.jsonl", """{"prompt":"a","completion":"b"}""")));

        var codes = JsonNode.Parse(_terminal.Output)!["faults"]!.AsArray().Select(fault => (string?)fault!["code"]).ToList();
        Assert.Contains("no_environment", codes);
        Assert.Contains("wrong_format", codes);
    }

    [Fact]
    public async Task Plan_PairsOfAnswers_CountsBothAndFits()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The program is a shell script.");
        Assert.Equal(0, await RunAsync("plan", "--json", "--preset", "dpo", "--model", Model, "--data", Pairs(), "--set", "data.max_length=128", "--python", Interpreter()));

        Assert.DoesNotContain("error", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_PairsOfAnswers_NeedNoTaskToBeNamed()
    {
        Assert.Equal(0, await RunAsync("dataset", "check", Pairs(), "--model", Model, "--json"));

        var data = JsonNode.Parse(_terminal.Output)!["data"]!;
        Assert.Equal(("preference", 2, 2), ((string?)data["format"], (int)data["rows"]!, (int)data["valid_rows"]!));
        Assert.True((int)data["tokens"]!["trainable"]! > 0, data["tokens"]!.ToJsonString());
    }

    public void Dispose() => _folder.Dispose();

    private string Pairs() => _folder.Write("pairs.jsonl", """
        {"prompt":"Hi","chosen":"Hello!","rejected":"No."}
        {"prompt":"Bye","chosen":"Good bye!","rejected":"What?"}
        """);

    /// <summary>Takes <c>-m MODULE</c> as Python does, and goes on as the smallest worker.</summary>
    private string Interpreter()
    {
        var worker = RepositoryFiles.At("contracts", "examples", "smallest-worker.sh");
        return ProgramFile.Write(_folder.At("python3"), $"#!/bin/sh\necho \"$@\" >'{_folder.At("called")}'\nshift 2\nexec sh '{worker}' \"$@\"\n");
    }

    /// <summary>On a host of its own that has no environment.</summary>
    private Task<int> RunAsync(params string[] arguments) => BeepCommand.RunAsync(
        arguments,
        _terminal.Services() with { Variable = name => name == "BEEP_PYTHON_HOME" ? _folder.At("home") : name == "PATH" ? Environment.GetEnvironmentVariable(name) : null },
        TestContext.Current.CancellationToken);
}
