using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.LanguageModels.Safetensors;
using Beep.Tests;

namespace Beep.Trainer.Tests.Training;

/// <summary>Twenty LoRA steps of Transformers and PEFT, repeated from the same first weights over the same rows.</summary>
public sealed class ReferenceRunTests
{
    private const double Tolerance = 1e-3;

    public static TheoryData<string, string> Runs => new(
        from fixture in new[] { "llama-tied", "qwen2" }
        from run in new[] { "lora-sgd", "lora-adamw", "lora-adamw-clip-warmup-accum" }
        select (fixture, run));

    [Theory]
    [MemberData(nameof(Runs))]
    public void Run_SameRowsAndFirstWeights_GivesTheReferenceLossesAndAdapter(string fixture, string run)
    {
        using var job = new TestJob();
        var reference = ReferenceFile.Read(fixture, run, "run.json");

        Assert.Equal(WorkerExitCode.Succeeded, job.Run(Spec(job, fixture, run, reference)));

        var metrics = job.Metrics;
        Assert.Equal(20, metrics.Count);
        ReferenceFile.Report("largest difference of a loss", ReferenceFile.Doubles(reference["losses"]!).Zip(metrics, (a, b) => Math.Abs(a - b.Loss!.Value)).Max());
        AssertClose(ReferenceFile.Doubles(reference["losses"]!), metrics.Select(metric => metric.Loss!.Value), Tolerance);
        AssertClose(ReferenceFile.Doubles(reference["lrs"]!), metrics.Select(metric => metric.LearningRate), 1e-12);
        AssertClose(ReferenceFile.Doubles(reference["grad_norms_before_clip"]!), metrics.Select(metric => metric.GradNorm!.Value), 5e-3);
        Assert.InRange(LargestAdapterDifference(RepositoryFiles.Fixture(fixture, run), job.Folder.Adapter), 0, Tolerance);
    }

    private static JobSpec Spec(TestJob job, string fixture, string run, JsonObject reference)
    {
        var rows = reference["batches"]!.AsArray().SelectMany(batch =>
            ReferenceFile.Rows(batch!["input_ids"]!).Zip(ReferenceFile.Rows(batch["labels"]!), TestJob.Row));
        var warmup = reference["warmup_steps"]!.GetValue<int>();
        var initial = Path.GetDirectoryName(job.Write("initial/adapter_config.json", File.ReadAllText(RepositoryFiles.Fixture(fixture, run, "adapter_config.json"))))!;
        File.Copy(RepositoryFiles.Fixture(fixture, run, "adapter_init.safetensors"), Path.Combine(initial, "adapter_model.safetensors"));
        return new JobSpec
        {
            JobId = "reference",
            Model = new ModelSpec { Path = RepositoryFiles.Fixture(fixture) },
            Adapter = initial,
            Data = new DataSpec
            {
                Train = job.Write("rows.jsonl", string.Join('\n', rows) + "\n"),
                Format = DataFormat.Tokens,
                Packing = false,
                Shuffle = false,
                Untrainable = UntrainablePolicy.Keep,
            },
            Train = new TrainSpec
            {
                MaxSteps = 20,
                PerDeviceBatchSize = 2,
                GradientAccumulationSteps = reference["grad_accumulation"]!.GetValue<int>(),
                LearningRate = reference["lr"]!.GetValue<double>(),
                LrScheduler = warmup > 0 ? LrScheduler.Linear : LrScheduler.Constant,
                WarmupRatio = warmup / 20.0,
                Optimizer = reference["optimizer"]!.GetValue<string>() == "sgd" ? OptimizerKind.Sgd : OptimizerKind.Adamw,
                WeightDecay = reference["weight_decay"]!.GetValue<double>(),
                MaxGradNorm = reference["clip_grad_norm"]?.GetValue<double>() ?? 0,
                Precision = Precision.Fp32,
            },
        };
    }

    private static void AssertClose(double[] expected, IEnumerable<double> actual, double tolerance)
    {
        var pairs = expected.Zip(actual).ToList();
        Assert.Equal(expected.Length, pairs.Count);
        Assert.All(pairs, pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }

    private static double LargestAdapterDifference(string expectedFolder, string actualFolder)
    {
        using var expected = SafetensorsFile.Open(Path.Combine(expectedFolder, "adapter_model.safetensors"));
        using var actual = SafetensorsFile.Open(Path.Combine(actualFolder, "adapter_model.safetensors"));
        Assert.Equal(expected.Tensors.Keys.Order(StringComparer.Ordinal), actual.Tensors.Keys.Order(StringComparer.Ordinal));
        return expected.Tensors.Values.Max(tensor => ReferenceFile.LargestDifference(Floats(expected, tensor.Name), Floats(actual, tensor.Name)));
    }

    private static float[] Floats(SafetensorsFile file, string name) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(file.Bytes(file.Tensors[name])).ToArray();
}
