using Beep.Contracts;
using Beep.LanguageModels.Configuration;
using Beep.LanguageModels.Estimation;

namespace Beep.LanguageModels.Tests.Estimation;

public sealed class EstimateTests
{
    // SmolLM2-135M: 134,515,008 weights; rank 16 on the seven linear layers of a block makes 4,884,480.
    private static readonly ModelConfig Config = new()
    {
        ModelType = "llama",
        HiddenSize = 576,
        NumLayers = 30,
        NumHeads = 9,
        NumKeyValueHeads = 3,
        HeadDim = 64,
        IntermediateSize = 1536,
        VocabularySize = 49152,
        MaxPositionEmbeddings = 8192,
        RmsNormEps = 1e-5,
        Rope = new RopeConfig(100_000),
        TieWordEmbeddings = true,
        QkvBias = false,
        OutputBias = false,
        MlpBias = false,
    };

    private static readonly JobSpec Lora = new() { Train = new TrainSpec { PerDeviceBatchSize = 4, GradientAccumulationSteps = 1, NumEpochs = 1 }, Data = new DataSpec { MaxLength = 512 } };
    private static readonly JobSpec Full = Lora with { Method = TrainingMethod.Full };

    [Fact]
    public void Adapter_AllLinear_HasTheKnownCount() => Assert.Equal(4_884_480, TrainableWeights.Adapter(Config, Lora.Lora));

    [Theory]
    [InlineData("q_proj", 30 * 16 * (576 + 576))]
    [InlineData("mlp.down_proj", 30 * 16 * (1536 + 576))]
    [InlineData("proj", 0)]
    public void Adapter_NamedLayers_CountsThose(string name, long expected) =>
        Assert.Equal(expected, TrainableWeights.Adapter(Config, Lora.Lora with { TargetModules = TargetModules.Named([name]) }));

    [Fact]
    public void MemoryFor_Lora_FollowsTheNumberFormats()
    {
        var memory = MemoryEstimate.For(Config, Lora, 512, isHalfPrecision: false);
        Assert.Equal(Config.ParameterCount * 4, memory.Weights);
        Assert.Equal((4_884_480L * 4, 4_884_480L * 4, 4_884_480L * 8), (memory.Adapter, memory.Gradients, memory.Optimizer));
        Assert.Equal(Config.ParameterCount * 2, MemoryEstimate.For(Config, Lora, 512, isHalfPrecision: true).Weights);
        Assert.Equal(0, MemoryEstimate.For(Config, Lora with { Train = Lora.Train with { Optimizer = OptimizerKind.Sgd } }, 512, false).Optimizer);
    }

    [Fact]
    public void MemoryFor_Full_TrainsEveryWeightIn32Bits()
    {
        var memory = MemoryEstimate.For(Config, Full, 512, isHalfPrecision: true);
        Assert.Equal((Config.ParameterCount * 4, 0L, Config.ParameterCount * 4, Config.ParameterCount * 8), (memory.Weights, memory.Adapter, memory.Gradients, memory.Optimizer));
    }

    [Fact]
    public void MemoryFor_LongerRowsOrRecomputing_ScalesActivations()
    {
        var half = MemoryEstimate.For(Config, Lora, 256, false).Activations;
        var whole = MemoryEstimate.For(Config, Lora, 512, false).Activations;
        Assert.Equal(2 * half, whole);
        var recomputed = MemoryEstimate.For(Config, Lora with { Train = Lora.Train with { GradientCheckpointing = AutoSwitch.On } }, 512, false).Activations;
        Assert.InRange(recomputed, whole / 30, whole / 4);
    }

    [Fact]
    public void WorkFor_OneStepOfTheReferenceRun_HasItsOperations()
    {
        // performance.md: 4 rows of 512 tokens, all labelled, are 1,289 GFLOP: forward 551, backward 551, LoRA 60, attention 127.
        var work = WorkEstimate.For(Config, Lora with { Data = Lora.Data with { Packing = false } }, new RowTotals(4, 2048, 2048), default);
        Assert.Equal((1, 1), (work.Steps, work.Passes));
        Assert.InRange(work.TrainingOperations, 1.20e12, 1.40e12);
    }

    [Fact]
    public void WorkFor_Full_CostsAThirdWeightGradientMore()
    {
        var rows = new RowTotals(4, 2048, 2048);
        Assert.InRange(WorkEstimate.For(Config, Full, rows, default).TrainingOperations / WorkEstimate.For(Config, Lora, rows, default).TrainingOperations, 1.3, 1.5);
    }

    [Fact]
    public void WorkFor_HeldOutRows_CountsEveryEvaluation()
    {
        var spec = Lora with { Train = Lora.Train with { MaxSteps = 100, EvalSteps = 25 } };
        var one = WorkEstimate.For(Config, spec with { Train = spec.Train with { EvalSteps = null } }, new RowTotals(4, 2048, 2048), new RowTotals(1, 512, 512));
        var many = WorkEstimate.For(Config, spec, new RowTotals(4, 2048, 2048), new RowTotals(1, 512, 512));
        Assert.Equal(5.0 / 2, many.EvaluationOperations / one.EvaluationOperations, 6);
        Assert.Equal(0, WorkEstimate.For(Config, spec, new RowTotals(4, 2048, 2048), default).EvaluationOperations);
    }

    [Fact]
    public void MemoryFor_Qlora_HoldsLinearLayersInFourBitsAndTheRestInSixteen()
    {
        var lora = MemoryEstimate.For(Config, Lora, 512, isHalfPrecision: true);
        var qlora = MemoryEstimate.For(Config, Lora with { Method = TrainingMethod.Qlora }, 512, isHalfPrecision: true);
        // 106 million weights of the linear layers; embedding and norms stay.
        var linear = 30L * ((2 * 576 * 576) + (2 * 576 * 192) + (3 * 576 * 1536));
        Assert.InRange((double)(lora.Weights - qlora.Weights) / linear, 2 - 0.55, 2 - 0.50);
        Assert.Equal((lora.Adapter, lora.Gradients, lora.Optimizer, lora.Activations, lora.Logits), (qlora.Adapter, qlora.Gradients, qlora.Optimizer, qlora.Activations, qlora.Logits));
    }

    [Fact]
    public void MemoryFor_QloraOfSevenBillionWeights_IsWhatIsReported()
    {
        // Llama 2 7B: 6.74 billion weights. QLoRA's paper counts 0.127 bits of scales a weight.
        var config = Config with { HiddenSize = 4096, NumLayers = 32, NumHeads = 32, NumKeyValueHeads = 32, HeadDim = 128, IntermediateSize = 11008, VocabularySize = 32000, TieWordEmbeddings = false };
        var weights = MemoryEstimate.For(config, Lora with { Method = TrainingMethod.Qlora }, 512, isHalfPrecision: true).Weights;
        Assert.InRange(weights / 1e9, 3.4, 4.2);
        Assert.InRange(MemoryEstimate.For(config, Lora, 512, isHalfPrecision: true).Weights / (double)weights, 3, 4);
    }

    [Fact]
    public void MemoryFor_Dora_AddsAMagnitudeAnOutputAndKeepsMoreOfEachLayer()
    {
        var spec = Lora with { Method = TrainingMethod.Dora };
        Assert.Equal(4_884_480 + (30 * (576 + 192 + 192 + 576 + 1536 + 1536 + 576)), TrainableWeights.Count(Config, spec));
        var (lora, dora) = (MemoryEstimate.For(Config, Lora, 512, true), MemoryEstimate.For(Config, spec, 512, true));
        Assert.Equal(lora.Weights, dora.Weights);
        Assert.True(dora.Adapter > lora.Adapter && dora.Gradients > lora.Gradients && dora.Optimizer > lora.Optimizer);
        Assert.InRange((double)dora.Activations / lora.Activations, 1.2, 2.5);
    }

    [Fact]
    public void MemoryFor_Pairs_TakesWhatTwiceTheBatchDoes()
    {
        var pairs = MemoryEstimate.For(Config, Lora with { Task = TrainingTask.Dpo }, 512, true);
        Assert.Equal(MemoryEstimate.For(Config, Lora with { Train = Lora.Train with { PerDeviceBatchSize = 8 } }, 512, true), pairs);
    }

    [Fact]
    public void MemoryFor_OtherBackend_DiffersInItsRuntimeAlone()
    {
        var (shipped, python) = (MemoryEstimate.For(Config, Lora, 512, true), MemoryEstimate.For(Config, Lora with { Backend = Backend.Transformers }, 512, true));
        Assert.True(python.Runtime > shipped.Runtime);
        Assert.Equal(shipped with { Runtime = python.Runtime }, python);
    }

    [Fact]
    public void WorkFor_Pairs_ReadsEveryAnswerOnceMore()
    {
        // Two pairs of 512 tokens an answer are four sequences: the same tokens as four rows, and a forward pass over them.
        var (rows, pairs) = (new RowTotals(4, 2048, 2048), new RowTotals(2, 2048, 2048) { Sequences = 4 });
        var held = new RowTotals(1, 512, 512);
        var spec = Lora with { Train = Lora.Train with { PerDeviceBatchSize = 1, NumEpochs = 3 } };
        var (supervised, preference) = (WorkEstimate.For(Config, spec, rows, held), WorkEstimate.For(Config, spec with { Task = TrainingTask.Dpo }, pairs, held));
        Assert.Equal(6, preference.Steps);
        // An evaluation is a forward pass over the held-out rows, of which there are two; four times as many rows are trained on.
        Assert.Equal(supervised.TrainingOperations + (supervised.EvaluationOperations / 2 * 5), preference.TrainingOperations, supervised.TrainingOperations * 1e-9);
    }

    [Fact]
    public void WorkFor_PackedPairs_StayWholeRows()
    {
        var pairs = new RowTotals(10, 2000, 1000) { Sequences = 20 };
        var spec = Lora with { Task = TrainingTask.Dpo, Data = Lora.Data with { Packing = true }, Train = Lora.Train with { PerDeviceBatchSize = 1 } };
        Assert.Equal(10, WorkEstimate.For(Config, spec, pairs, default).Steps);
    }

    [Fact]
    public void WorkFor_Dora_CostsMoreThanLoraByPassesAndNotByTokens()
    {
        var (some, many) = (new RowTotals(4, 2048, 2048), new RowTotals(4, 4096, 4096));
        var unpacked = Lora with { Data = Lora.Data with { Packing = false } };
        double Extra(RowTotals rows) => WorkEstimate.For(Config, unpacked with { Method = TrainingMethod.Dora }, rows, default).TrainingOperations - WorkEstimate.For(Config, unpacked, rows, default).TrainingOperations;
        Assert.True(Extra(some) > 0);
        Assert.Equal(Extra(some), Extra(many), Extra(some) * 1e-3);
    }

    [Fact]
    public void Measure_ThisMachine_IsPlausible() => Assert.InRange(MachineRate.Measure(), 1e8, 1e14);
}
