using Beep.Contracts;
using Beep.LanguageModels.Safetensors;
using Beep.Tests;
using static TorchSharp.torch;

namespace Beep.Trainer.Tests.Training;

public sealed class TrainingRunTests
{
    [Fact]
    public void Run_WithHeldOutRows_ReportsEveryEventInOrder()
    {
        using var job = new TestJob();
        var spec = job.Spec();
        spec = spec with
        {
            Data = spec.Data with { Validation = job.RandomRows("validation.jsonl", 5, seed: 2) },
            Train = spec.Train with { EvalSteps = 3, SaveSteps = 4 },
            Samples = new SamplesSpec { Prompts = ["Hi"], MaxNewTokens = 3 },
        };

        Assert.Equal(WorkerExitCode.Succeeded, job.Run(spec));

        string[] step = ["Metric", "Progress"];
        string[] expected =
        [
            "Started", "Data", "Evaluation", "Sample", .. step, .. step, .. step, "Evaluation", .. step, "Checkpoint", .. step, .. step,
            "Evaluation", "Sample", "Checkpoint", "Artifact", "Finished",
        ];
        Assert.Equal(expected, job.Events.Select(e => e.GetType().Name.Replace("Event", "", StringComparison.Ordinal)));
        Assert.Equal([0, 3, 6], job.Events.OfType<EvaluationEvent>().Select(e => e.Step));
        Assert.Equal(6, job.Exit.Summary!.Steps);
        Assert.Equal(job.Events.OfType<EvaluationEvent>().First().Loss, job.Exit.Summary.FirstEvaluationLoss);
        Assert.Equal(job.Events.OfType<EvaluationEvent>().Last().Loss, job.Exit.Summary.LastEvaluationLoss);
    }

    [Fact]
    public void Run_HeldOutRowsWithoutALabel_HaveNoLoss()
    {
        using var job = new TestJob();
        var spec = job.Spec();
        var validation = job.Write("unlabelled.jsonl", TestJob.Row<int>([5, 6, 7], [-100, -100, -100]) + "\n");

        Assert.Equal(WorkerExitCode.Succeeded, job.Run(spec with { Data = spec.Data with { Validation = validation, Untrainable = UntrainablePolicy.Keep } }));

        Assert.All(job.Events.OfType<EvaluationEvent>(), evaluation => Assert.Null(evaluation.Loss));
    }

    [Fact]
    public void Run_UnevenAccumulation_WeighsEveryTokenTheSame()
    {
        // Three forward passes of two rows, or one of six: the same rows, so the same mean and the same gradient.
        using var split = new TestJob();
        using var whole = new TestJob();
        var spec = split.Spec(rows: 6) with { Train = split.Spec().Train with { MaxSteps = 4, PerDeviceBatchSize = 2, GradientAccumulationSteps = 3 } };

        split.Run(spec);
        whole.Run(spec with { Train = spec.Train with { PerDeviceBatchSize = 6, GradientAccumulationSteps = 1 } });

        Assert.All(split.Metrics.Zip(whole.Metrics), pair => Assert.Equal(pair.First.Loss!.Value, pair.Second.Loss!.Value, 1e-5));
        Assert.All(split.Metrics.Zip(whole.Metrics), pair => Assert.Equal(pair.First.GradNorm!.Value, pair.Second.GradNorm!.Value, 1e-4));
    }

    [Theory]
    [InlineData(TrainingMethod.Lora)]
    [InlineData(TrainingMethod.Full)]
    public void Run_RecomputedActivations_GivesTheSameLosses(TrainingMethod method)
    {
        using var kept = new TestJob();
        using var recomputed = new TestJob();
        var spec = kept.Spec() with { Method = method, Lora = new LoraSpec { R = 4, Alpha = 8, Dropout = 0.2 } };

        kept.Run(spec);
        recomputed.Run(spec with { Train = spec.Train with { GradientCheckpointing = AutoSwitch.On } });

        Assert.All(kept.Metrics.Zip(recomputed.Metrics), pair => Assert.Equal(pair.First.Loss!.Value, pair.Second.Loss!.Value, 1e-5));
        Assert.All(kept.Metrics.Zip(recomputed.Metrics), pair => Assert.Equal(pair.First.GradNorm!.Value, pair.Second.GradNorm!.Value, 1e-4));
    }

    [Theory]
    [InlineData(TrainingMethod.Lora)]
    [InlineData(TrainingMethod.Full)]
    public void Run_Bf16_FollowsFp32(TrainingMethod method)
    {
        using var exact = new TestJob();
        using var rounded = new TestJob();
        var spec = exact.Spec() with { Method = method };

        exact.Run(spec);
        rounded.Run(spec with { Train = spec.Train with { Precision = Precision.Bf16 } });

        Assert.Equal("bf16", rounded.Events.OfType<StartedEvent>().Single().Precision);
        Assert.All(exact.Metrics.Zip(rounded.Metrics), pair => Assert.Equal(pair.First.Loss!.Value, pair.Second.Loss!.Value, 0.1));
    }

    [Fact]
    public void Run_Full_LearnsTheRowsAndWritesAModelThatTrainsOn()
    {
        using var job = new TestJob();
        using var next = new TestJob();
        var spec = job.Spec(rows: 4) with { Method = TrainingMethod.Full, Train = job.Spec().Train with { MaxSteps = 40, LearningRate = 5e-3 } };

        Assert.Equal(WorkerExitCode.Succeeded, job.Run(spec));
        Assert.Equal(WorkerExitCode.Succeeded, next.Run(next.Spec(rows: 4) with { Model = new ModelSpec { Path = job.Folder.Merged } }));

        Assert.True(job.Metrics[^1].Loss < job.Metrics[0].Loss / 4, $"from {job.Metrics[0].Loss} to {job.Metrics[^1].Loss}");
        Assert.Equal(job.Metrics[^1].Loss!.Value, next.Metrics[0].Loss!.Value, 0.5);
    }

    [Fact]
    public void Run_Pretrain_StartsAtTheLossOfAGuessAndIsRepeatable()
    {
        using var first = new TestJob();
        using var second = new TestJob();
        var bare = first.Write("bare/config.json", File.ReadAllText(RepositoryFiles.Fixture("llama-tied", "config.json")));
        File.Copy(RepositoryFiles.Fixture("llama-tied", "tokenizer.json"), Path.Combine(Path.GetDirectoryName(bare)!, "tokenizer.json"));
        var spec = first.Spec() with { Task = TrainingTask.Pretrain, Method = TrainingMethod.Full, Model = new ModelSpec { Path = Path.GetDirectoryName(bare)! } };

        Assert.Equal(WorkerExitCode.Succeeded, first.Run(spec));
        Assert.Equal(WorkerExitCode.Succeeded, second.Run(spec));

        Assert.Equal(Math.Log(512), first.Metrics[0].Loss!.Value, 0.1);
        Assert.Equal(first.Metrics.Select(metric => metric.Loss), second.Metrics.Select(metric => metric.Loss));
    }

    [Fact]
    public void Run_CancelledBeforeItsData_EndsAtOnceAndGoesOnLater()
    {
        using var job = new TestJob();
        Directory.CreateDirectory(job.Folder.Control);
        File.WriteAllText(job.Folder.CancelRequest, "");

        Assert.Equal(WorkerExitCode.Cancelled, job.Run(job.Spec()));
        Assert.Equal((JobStatus.Cancelled, "cancelled"), (job.Exit.Status, job.Exit.Code));
        Assert.False(Directory.Exists(job.Folder.Cache));

        File.Delete(job.Folder.CancelRequest);
        Assert.Equal(WorkerExitCode.Succeeded, job.Run());
    }

    [Fact]
    public void Run_WeightsWithInfinity_StopsAndNamesTheRows()
    {
        using var job = new TestJob();
        var model = Path.GetDirectoryName(job.Write("broken/config.json", File.ReadAllText(RepositoryFiles.Fixture("llama-tied", "config.json"))))!;
        File.Copy(RepositoryFiles.Fixture("llama-tied", "tokenizer.json"), Path.Combine(model, "tokenizer.json"));
        var weights = File.ReadAllBytes(RepositoryFiles.Fixture("llama-tied", "model.safetensors"));
        BitConverter.TryWriteBytes(weights.AsSpan(^4), float.PositiveInfinity);
        File.WriteAllBytes(Path.Combine(model, "model.safetensors"), weights);

        Assert.Equal(WorkerExitCode.NotFinite, job.Run(job.Spec() with { Model = new ModelSpec { Path = model } }));

        Assert.Equal(3, job.Metrics.Count);
        Assert.All(job.Metrics, metric => Assert.Null(metric.Loss));
        Assert.Equal("not_finite", job.Exit.Code);
        Assert.StartsWith("Stopped after 3 steps in a row without a finite loss: the loss of step 3 is NaN", job.Exit.Message, StringComparison.Ordinal);
        Assert.Contains("lines ", job.Exit.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("backend", "transformers", "'backend' is 'transformers', which the torchsharp backend does not do.")]
    [InlineData("task", "dpo", "'task' is 'dpo', which the torchsharp backend does not do.")]
    [InlineData("method", "qlora", "'method' is 'qlora', which the torchsharp backend does not do.")]
    public void Run_WhatIsNotBuilt_IsRefusedByName(string field, string value, string message)
    {
        using var job = new TestJob();
        var tree = SpecWriter.ToTree(job.Spec());
        SpecReader.Override(tree, field, value);

        Assert.Equal(WorkerExitCode.Invalid, job.Run(SpecReader.Bind(tree, ignoreUnknown: false, out _)));

        Assert.Equal(message, job.Exit.Message);
    }

    [Fact]
    public void Run_UnknownTargetModule_ListsTheKnownOnes()
    {
        using var job = new TestJob();

        Assert.Equal(WorkerExitCode.Invalid, job.Run(job.Spec() with { Lora = new LoraSpec { TargetModules = TargetModules.Named(["q_proj", "c_attn"]) } }));

        Assert.Equal("No linear layer is named 'c_attn'.", job.Exit.Message);
        Assert.Equal("Known: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, or all-linear.", job.Exit.Remedy);
    }

    [Fact]
    public void Run_NamedTargetModules_TrainsThoseAlone()
    {
        using var job = new TestJob();

        Assert.Equal(WorkerExitCode.Succeeded, job.Run(job.Spec() with { Lora = new LoraSpec { R = 2, TargetModules = TargetModules.Named(["q_proj", "mlp.down_proj"]) } }));

        using var adapter = SafetensorsFile.Open(Path.Combine(job.Folder.Adapter, "adapter_model.safetensors"));
        Assert.Equal(2 * 2 * 2, adapter.Tensors.Count);
        Assert.All(adapter.Tensors.Keys, name => Assert.True(name.Contains("q_proj", StringComparison.Ordinal) || name.Contains("down_proj", StringComparison.Ordinal)));
    }

    [Fact]
    public void Run_TokenizerLargerThanTheModel_IsRefused()
    {
        using var job = new TestJob();
        var config = File.ReadAllText(RepositoryFiles.Fixture("llama-tied", "config.json")).Replace("\"vocab_size\": 512", "\"vocab_size\": 500", StringComparison.Ordinal);
        var model = Path.GetDirectoryName(job.Write("small/config.json", config))!;
        File.Copy(RepositoryFiles.Fixture("llama-tied", "tokenizer.json"), Path.Combine(model, "tokenizer.json"));

        Assert.Equal(WorkerExitCode.Invalid, job.Run(job.Spec() with { Model = new ModelSpec { Path = model } }));

        Assert.Equal("The tokenizer knows 512 tokens and the model 500.", job.Exit.Message);
    }

    [Fact]
    public void Run_OtherWeightsThanTheSpecNames_IsRefused()
    {
        using var job = new TestJob();
        var spec = job.Spec();

        Assert.Equal(WorkerExitCode.Invalid, job.Run(spec with { Model = spec.Model with { Sha256 = new string('0', 64) } }));

        Assert.Equal("model_changed", job.Exit.Code);
    }

    [Fact]
    public void Run_TwoThousandSteps_LeavesNoTensorAndFlatMemory()
    {
        using var job = new TestJob();
        job.Run(job.Spec());
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Tensor.TotalCount;
        var spec = job.Spec(rows: 60);
        spec = spec with
        {
            JobId = "long",
            Resume = ResumePolicy.Never,
            Data = spec.Data with { Packing = true },
            Train = spec.Train with { MaxSteps = 2_000, GradientAccumulationSteps = 1, LoggingSteps = 50, SaveSteps = 500 },
        };

        Assert.Equal(WorkerExitCode.Succeeded, job.Run(spec));

        ReferenceFile.Report("live tensors more than before", Tensor.TotalCount - before);
        Assert.Equal(before, Tensor.TotalCount);
        var memory = job.Metrics.Where(metric => metric.Step >= 400 && metric.Tokens > 0).Select(metric => metric.MemoryBytes!.Value).ToArray();
        ReferenceFile.Report("MiB more than at step 400 to 750", (memory[^8..].Average() - memory[..8].Average()) / (1 << 20));
        Assert.True(memory[^8..].Average() < memory[..8].Average() + (32 << 20), $"from {memory[0] >> 20} MiB to {memory[^1] >> 20} MiB");
    }
}
