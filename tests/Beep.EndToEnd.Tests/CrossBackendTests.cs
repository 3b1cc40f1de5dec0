using System.Diagnostics;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Support;
using Beep.Host.Jobs;
using Beep.Tests;

namespace Beep.EndToEnd.Tests;

/// <summary>The two workers take the same spec, learn the same from it, and go on with each other's results.</summary>
public sealed class CrossBackendTests : IDisposable
{
    private const double Tolerance = 1e-3;

    private readonly TemporaryFolder _root = new();

    [Theory]
    [InlineData("llama-tied", TrainingMethod.Full)]
    [InlineData("qwen2", TrainingMethod.Full)]
    [InlineData("llama-tied", TrainingMethod.Lora)]
    [InlineData("qwen2", TrainingMethod.Lora)]
    public async Task SameSpec_OnBothBackends_GivesTheSameLossesAndResultsThatEachLoads(string fixture, TrainingMethod method)
    {
        if (PythonWorker.Hindrance(needsPeft: method == TrainingMethod.Lora) is { } hindrance)
        {
            Assert.Skip(hindrance);
        }

        var spec = Spec(fixture, method);
        var embedded = await RunAsync(spec with { Backend = Backend.Torchsharp }, "embedded");
        var python = await RunAsync(spec with { Backend = Backend.Transformers }, "python");

        Assert.Equal(DataKey(embedded), DataKey(python));
        var (left, right) = (Events<MetricEvent>(embedded), Events<MetricEvent>(python));
        Assert.Equal(Enumerable.Range(1, 20), right.Select(metric => metric.Step));
        Assert.All(left.Zip(right), pair =>
        {
            Assert.Equal(pair.First.Loss!.Value, pair.Second.Loss!.Value, Tolerance);
            Assert.Equal(pair.First.GradNorm!.Value, pair.Second.GradNorm!.Value, Tolerance * 10);
            Assert.Equal((pair.First.Tokens, pair.First.LearningRate, pair.First.Epoch), (pair.Second.Tokens, pair.Second.LearningRate, pair.Second.Epoch));
        });
        Assert.True(right[^1].Loss < right[0].Loss - 1, "Nothing was learnt.");
        Assert.Equal(Samples(embedded), Samples(python));
        await AssertGoesOnAsync(spec with { Backend = Backend.Torchsharp }, python);
        await AssertGoesOnAsync(spec with { Backend = Backend.Transformers }, embedded);
    }

    [Theory]
    [InlineData(Backend.Torchsharp)]
    [InlineData(Backend.Transformers)]
    public async Task SecondWorker_OfTheOtherBackendInTheSameFolder_EndsAtOnceAndLeavesTheFirstAlone(Backend first)
    {
        if (PythonWorker.Hindrance(needsPeft: false) is { } hindrance)
        {
            Assert.Skip(hindrance);
        }

        var spec = Spec("llama-tied", TrainingMethod.Full);
        var folder = Prepare(spec with { Backend = first, Train = spec.Train with { MaxSteps = 1_000_000, LoggingSteps = 100 }, Samples = new SamplesSpec() }, "held");
        var running = StartAsync(folder, first);
        BeepResult second;
        try
        {
            while (!running.IsCompleted && !(File.Exists(folder.Events) && Events<MetricEvent>(folder).Count > 0))
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }

            second = await StartAsync(folder, first == Backend.Transformers ? Backend.Torchsharp : Backend.Transformers);
        }
        finally
        {
            await File.WriteAllTextAsync(folder.CancelRequest, "", CancellationToken.None);
        }

        var ended = await running;
        Assert.Equal((int)WorkerExitCode.Failed, second.ExitCode);
        Assert.Contains("[job_running]", second.Error, StringComparison.Ordinal);
        Assert.True(ended.ExitCode == (int)WorkerExitCode.Cancelled, ended.Error);
        var lines = EventReader.ReadFrom(folder.Events).Select(line => line.Event!).ToList();
        Assert.Equal(Enumerable.Range(1, lines.Count), lines.Select(line => (int)line.Seq));
        Assert.Single(lines.OfType<StartedEvent>());
        Assert.Empty(lines.OfType<FailedEvent>());
    }

    public void Dispose() => _root.Dispose();

    /// <summary>A worker that begins with the other's result has its held-out loss before the first step.</summary>
    private async Task AssertGoesOnAsync(JobSpec spec, JobFolder other)
    {
        var isAdapter = spec.Method != TrainingMethod.Full;
        var next = await RunAsync(
            spec with
            {
                Model = isAdapter ? spec.Model : new ModelSpec { Path = other.Merged },
                Adapter = isAdapter ? other.Adapter : null,
                Train = spec.Train with { MaxSteps = 1 },
                Samples = new SamplesSpec(),
            },
            $"after-{Path.GetFileName(other.Root)}");
        Assert.Equal(Events<EvaluationEvent>(other)[^1].Loss!.Value, Events<EvaluationEvent>(next)[0].Loss!.Value, Tolerance);
    }

    private JobSpec Spec(string fixture, TrainingMethod method) => new()
    {
        JobId = "parity",
        Method = method,
        Model = new ModelSpec { Path = RepositoryFiles.Fixture(fixture) },
        Data = new DataSpec { Train = Rows("train.jsonl", 60), Validation = Rows("held-out.jsonl", 9), MaxLength = 128 },
        Lora = new LoraSpec { R = 4, Alpha = 8 },
        Train = new TrainSpec
        {
            MaxSteps = 20,
            PerDeviceBatchSize = 2,
            GradientAccumulationSteps = 2,
            LearningRate = method == TrainingMethod.Full ? 2e-3 : 2e-2,
            WeightDecay = 0.01,
            Precision = Precision.Fp32,
            SaveSteps = null,
        },
        Samples = new SamplesSpec { Prompts = ["What is 3?"], MaxNewTokens = 8 },
    };

    private string Rows(string name, int count) => _root.Write(name, string.Concat(Enumerable.Range(1, count).Select(number => new JsonObject
    {
        ["messages"] = new JsonArray(
            new JsonObject { ["role"] = "user", ["content"] = $"What is {number % 7}?" },
            new JsonObject { ["role"] = "assistant", ["content"] = $"{number % 7} is a number – eine Zahl." }),
    }.ToJsonString() + "\n")));

    private async Task<JobFolder> RunAsync(JobSpec spec, string name)
    {
        var folder = Prepare(spec, name);
        var result = await StartAsync(folder, spec.Backend);
        Assert.True(result.ExitCode == 0, result.Error);
        return folder;
    }

    private JobFolder Prepare(JobSpec spec, string name)
    {
        var folder = new JobFolder(_root.At(name));
        Directory.CreateDirectory(folder.Root);
        SpecWriter.Write(folder, spec);
        return folder;
    }

    private static Task<BeepResult> StartAsync(JobFolder folder, Backend backend) =>
        backend == Backend.Transformers ? PythonWorker.RunAsync("train", folder.Root) : RunEmbeddedAsync(folder);

    private static async Task<BeepResult> RunEmbeddedAsync(JobFolder folder)
    {
        var program = TrainerProgram.Locate(Path.GetDirectoryName(BeepProgram.HostLibrary)!);
        var start = new ProcessStartInfo(program.FileName, [.. program.Prefix, "train", folder.Root]) { RedirectStandardError = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new BeepResult(process.ExitCode, "", error);
    }

    private static List<T> Events<T>(JobFolder folder)
        where T : JobEvent => [.. EventReader.ReadFrom(folder.Events).Select(line => line.Event).OfType<T>()];

    private static List<string> Samples(JobFolder folder) => [.. Events<SampleEvent>(folder).Select(sample => sample.Text)];

    /// <summary>Names the training rows as tokenised.</summary>
    private static string DataKey(JobFolder folder) =>
        (string)JsonNode.Parse(File.ReadAllText(Path.Combine(folder.ListCheckpoints()[^1].Path, "trainer_state.json")))!["data_key"]!;
}
