using System.Globalization;
using Beep.Contracts;
using Beep.Tests;

namespace Beep.EndToEnd.Tests.Support;

/// <summary>A fine-tune of a fixture that takes seconds.</summary>
internal sealed class SmallJob : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _root = new();

    public SmallJob(int rows = 60)
    {
        Data = _root.Write("rows.jsonl", Rows("Count", rows));
        Validation = _root.Write("held-out.jsonl", Rows("Now", 10));
    }

    public static string Model => RepositoryFiles.Fixture("llama-tied");

    public string Data { get; }

    public string Validation { get; }

    public JobFolder Folder => FolderAt("job");

    public JobFolder FolderAt(string name) => new(_root.At(name));

    public string At(string name) => _root.At(name);

    /// <summary>Arguments of a run of so many steps, with a checkpoint every ten.</summary>
    public string[] Train(int steps, string folder = "job", params string[] more) =>
    [
        "train", "--model", Model, "--data", Data, "--validation", Validation, "--out", FolderAt(folder).Root, "--preset", "lora-small",
        "--set", $"train.max_steps={steps.ToString(CultureInfo.InvariantCulture)}", "--set", "train.save_steps=10", "--set", "data.max_length=64", .. more,
    ];

    /// <summary>Waits until the run has done so many steps.</summary>
    public async Task WaitForStepAsync(int step, BeepProgram.RunningBeep running)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        while (!EventReader.ReadFrom(Folder.Events).Any(line => line.Event is MetricEvent metric && metric.Step >= step))
        {
            Assert.False(running.HasEnded, $"the run ended before step {step}");
            await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>Waits until the run has done so many steps, and makes its worker stand still, which would do the others meanwhile; returns that.</summary>
    public async Task<int> HoldAtStepAsync(int step, BeepProgram.RunningBeep running)
    {
        await WaitForStepAsync(step, running);
        var worker = running.WorkerId!.Value;
        BeepProgram.Signal(worker, BeepProgram.Pause);
        return worker;
    }

    public static byte[] Weights(JobFolder folder) => File.ReadAllBytes(Path.Combine(folder.Adapter, "adapter_model.safetensors"));

    public void Dispose() => _root.Dispose();

    private static string Rows(string word, int count) =>
        string.Concat(Enumerable.Range(1, count).Select(i => $$"""{"text":"{{word}} {{i}} is number {{i}} of many."}""" + "\n"));
}
