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
    public void Measure_ThisMachine_IsPlausible() => Assert.InRange(MachineRate.Measure(), 1e8, 1e14);
}
