namespace Beep.Contracts;

/// <summary>
/// <c>spec.json</c>, version 1: everything a run needs. Defaults are those of an absent key. Read it with
/// <see cref="SpecReader"/>, which reports every fault at once.
/// </summary>
public sealed record JobSpec
{
    /// <summary>The major version this code reads and writes.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The major version of the file.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Names the job in events and artifacts: letters, digits, <c>. _ -</c>, at most 64.</summary>
    public string JobId { get; init; } = "";

    /// <summary>Which worker runs it.</summary>
    public Backend Backend { get; init; } = Backend.Torchsharp;

    /// <summary>What the model learns from.</summary>
    public TrainingTask Task { get; init; } = TrainingTask.Sft;

    /// <summary>The base model.</summary>
    public ModelSpec Model { get; init; } = new();

    /// <summary>The folder of an adapter to start from; null for a new one.</summary>
    public string? Adapter { get; init; }

    /// <summary>What is learnt.</summary>
    public DataSpec Data { get; init; } = new();

    /// <summary>Which weights are trained.</summary>
    public TrainingMethod Method { get; init; } = TrainingMethod.Lora;

    /// <summary>The shape of the adapter, for the methods that make one.</summary>
    public LoraSpec Lora { get; init; } = new();

    /// <summary>The course of the training.</summary>
    public TrainSpec Train { get; init; } = new();

    /// <summary>Settings of <see cref="TrainingTask.Dpo"/>.</summary>
    public DpoSpec Dpo { get; init; } = new();

    /// <summary>Texts generated while training.</summary>
    public SamplesSpec Samples { get; init; } = new();

    /// <summary>When to give up.</summary>
    public LimitsSpec Limits { get; init; } = new();

    /// <summary>Whether to go on from the newest checkpoint.</summary>
    public ResumePolicy Resume { get; init; } = ResumePolicy.Auto;
}

/// <summary>The base model of a run.</summary>
public sealed record ModelSpec
{
    /// <summary>A folder in Hugging Face layout.</summary>
    public string Path { get; init; } = "";

    /// <summary>SHA-256 over the weight files, in hexadecimal; null when it is not to be checked.</summary>
    public string? Sha256 { get; init; }
}

/// <summary>The data of a run and what is made of it.</summary>
public sealed record DataSpec
{
    /// <summary>The training rows: a .jsonl, .json, .csv or .txt file.</summary>
    public string Train { get; init; } = "";

    /// <summary>The held-out rows; null for none.</summary>
    public string? Validation { get; init; }

    /// <summary>How a row is written.</summary>
    public DataFormat Format { get; init; } = DataFormat.Auto;

    /// <summary>The row's name for each field that the format wants, where they differ: <c>{"prompt": "question"}</c>.</summary>
    public IReadOnlyDictionary<string, string>? Columns { get; init; }

    /// <summary>The longest row, in tokens.</summary>
    public int MaxLength { get; init; } = 2048;

    /// <summary>What happens to longer rows.</summary>
    public OverlongPolicy Overlong { get; init; } = OverlongPolicy.Fail;

    /// <summary>What happens to rows without a labelled token.</summary>
    public UntrainablePolicy Untrainable { get; init; } = UntrainablePolicy.Fail;

    /// <summary>Puts several rows into one sequence; none sees another.</summary>
    public bool Packing { get; init; } = true;

    /// <summary>Takes the loss on answers only; false takes it on every token.</summary>
    public bool CompletionOnlyLoss { get; init; } = true;

    /// <summary>Visits the rows in an order drawn anew each epoch from the seed.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>A chat template that replaces the model's own; null keeps it.</summary>
    public string? ChatTemplate { get; init; }
}

/// <summary>The shape of a low-rank adapter (Hu et al. 2021, arXiv 2106.09685), with PEFT's names.</summary>
public sealed record LoraSpec
{
    /// <summary>The rank.</summary>
    public int R { get; init; } = 16;

    /// <summary>The numerator of the scale: <c>alpha / r</c>, or <c>alpha / sqrt(r)</c> with rsLoRA.</summary>
    public double Alpha { get; init; } = 32;

    /// <summary>The share of the adapter's inputs that is dropped while training.</summary>
    public double Dropout { get; init; }

    /// <summary><c>all-linear</c>, or the names of the layers that get an adapter.</summary>
    public TargetModules TargetModules { get; init; } = TargetModules.AllLinear;

    /// <summary>Scales by the square root of the rank (Kalajdzievski 2023, arXiv 2312.03732).</summary>
    public bool UseRslora { get; init; }
}

/// <summary>The course of a training run.</summary>
public sealed record TrainSpec
{
    /// <summary>How often every row is visited; a fraction ends within an epoch.</summary>
    public double NumEpochs { get; init; } = 3;

    /// <summary>Optimizer steps; where given, it wins over <see cref="NumEpochs"/>.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Sequences in one forward pass.</summary>
    public int PerDeviceBatchSize { get; init; } = 4;

    /// <summary>Optimizer steps of a run whose epochs have so many; the last, begun epoch counts as it is.</summary>
    public long TotalSteps(long stepsPerEpoch)
    {
        // 1.1 epochs of 10 steps are 11 steps, though the product of the two is 11.000000000000002.
        const double noise = 1e-9;
        return MaxSteps ?? Math.Max(1, (long)Math.Ceiling((NumEpochs * stepsPerEpoch) - noise));
    }

    /// <summary>Forward passes in one optimizer step.</summary>
    public int GradientAccumulationSteps { get; init; } = 4;

    /// <summary>The peak learning rate.</summary>
    public double LearningRate { get; init; } = 2e-4;

    /// <summary>How it moves after the warm-up.</summary>
    public LrScheduler LrScheduler { get; init; } = LrScheduler.Cosine;

    /// <summary>The share of the steps in which the learning rate rises from zero.</summary>
    public double WarmupRatio { get; init; } = 0.03;

    /// <summary>The optimizer.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Adamw;

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Gradients with a larger norm are scaled down to it; 0 means no clipping.</summary>
    public double MaxGradNorm { get; init; } = 1.0;

    /// <summary>The number format.</summary>
    public Precision Precision { get; init; } = Precision.Auto;

    /// <summary>Recomputes activations in the backward pass instead of keeping them.</summary>
    public AutoSwitch GradientCheckpointing { get; init; } = AutoSwitch.Auto;

    /// <summary>Draws the adapter's first weights, the dropout and the order of the rows.</summary>
    public long Seed { get; init; } = 42;

    /// <summary>Optimizer steps between two metrics.</summary>
    public int LoggingSteps { get; init; } = 1;

    /// <summary>Optimizer steps between two evaluations; null evaluates at the start and the end only.</summary>
    public int? EvalSteps { get; init; }

    /// <summary>Optimizer steps between two checkpoints; null saves at the end only.</summary>
    public int? SaveSteps { get; init; } = 100;

    /// <summary>How many checkpoints are kept; null keeps all.</summary>
    public int? SaveTotalLimit { get; init; } = 2;
}

/// <summary>Settings of direct preference optimisation.</summary>
public sealed record DpoSpec
{
    /// <summary>How strongly the model is held to the base model.</summary>
    public double Beta { get; init; } = 0.1;
}

/// <summary>Texts generated while training, so that one can read the progress.</summary>
public sealed record SamplesSpec
{
    /// <summary>What is asked.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];

    /// <summary>Optimizer steps between two rounds; null generates at the start and the end only.</summary>
    public int? EverySteps { get; init; }

    /// <summary>The longest answer, in tokens.</summary>
    public int MaxNewTokens { get; init; } = 64;
}

/// <summary>When a run gives up.</summary>
public sealed record LimitsSpec
{
    /// <summary>Stops after so many steps in a row with a loss or gradient that is not finite.</summary>
    public int StopAfterNonfinite { get; init; } = 3;

    /// <summary>Saves and stops, as if cancelled, after so many seconds; null for no limit.</summary>
    public int? MaxSeconds { get; init; }
}
