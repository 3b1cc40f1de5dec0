using System.Text;
using System.Text.Json;
using Beep.Contracts;
using Beep.Tests;
using Beep.Trainer.Training;

namespace Beep.Trainer.Tests;

/// <summary>A job folder over a fixture, run in this process.</summary>
internal sealed class TestJob : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public TestJob() => Folder = new JobFolder(_temporary.At("job"));

    public JobFolder Folder { get; }

    public StringWriter Log { get; } = new();

    public IReadOnlyList<JobEvent> Events => [.. EventReader.ReadFrom(Folder.Events).Select(line => line.Event).OfType<JobEvent>()];

    public IReadOnlyList<MetricEvent> Metrics => [.. Events.OfType<MetricEvent>()];

    public JobExit Exit => JobExit.Read(Folder) ?? throw new InvalidOperationException("The job left no exit.json.");

    /// <summary>A short run on a fixture with rows of random tokens; change it with <c>with</c>.</summary>
    public JobSpec Spec(string fixture = "llama-tied", int rows = 24) => new()
    {
        JobId = "test",
        Model = new ModelSpec { Path = RepositoryFiles.Fixture(fixture) },
        Data = new DataSpec { Train = RandomRows("train.jsonl", rows, seed: 1), Format = DataFormat.Tokens, MaxLength = 64, Packing = false },
        Lora = new LoraSpec { R = 4, Alpha = 8 },
        Train = new TrainSpec { MaxSteps = 6, PerDeviceBatchSize = 2, GradientAccumulationSteps = 2, LearningRate = 5e-3, Precision = Precision.Fp32, SaveSteps = null },
    };

    /// <summary>Writes rows of tokens; the first third of each is masked.</summary>
    public string RandomRows(string name, int rows, int seed, int shortest = 6, int longest = 30)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        for (var row = 0; row < rows; row++)
        {
            int[] ids = [.. Enumerable.Range(0, random.Next(shortest, longest + 1)).Select(_ => random.Next(4, 512))];
            int[] labels = [.. ids.Select((id, i) => i < ids.Length / 3 ? -100 : id)];
            text.Append(Row(ids, labels)).Append('\n');
        }

        return _temporary.Write(name, text.ToString());
    }

    public string Write(string name, string text) => _temporary.Write(name, text);

    public string At(params string[] parts) => _temporary.At(parts);

    public static string Row<T>(IReadOnlyList<T> ids, IReadOnlyList<T> labels) => JsonSerializer.Serialize(new { input_ids = ids, labels });

    public WorkerExitCode Run(JobSpec spec)
    {
        Prepare(spec);
        return Run();
    }

    public WorkerExitCode Run() => new JobRunner(Folder, TimeProvider.System, Log).Run();

    /// <summary>Runs the job and asks it to stop as soon as it has written an event that fits.</summary>
    public WorkerExitCode RunAndCancel(JobSpec spec, Predicate<JobEvent> after)
    {
        Prepare(spec);
        Directory.CreateDirectory(Folder.Control);
        var time = new EventClock(() =>
        {
            if (Events is [.., var last] && after(last))
            {
                File.WriteAllText(Folder.CancelRequest, "");
            }
        });
        var exitCode = new JobRunner(Folder, time, Log).Run();
        File.Delete(Folder.CancelRequest);
        return exitCode;
    }

    public void Prepare(JobSpec spec)
    {
        Directory.CreateDirectory(Folder.Root);
        SpecWriter.Write(Folder, spec);
    }

    public void Dispose() => _temporary.Dispose();
}
