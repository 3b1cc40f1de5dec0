using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Configuration;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Estimation;
using Beep.LanguageModels.Tokenization;

namespace Beep.Host.Jobs.Planning;

/// <summary>Says what a file of rows comes to; see <see cref="DatasetChecker.Check"/>.</summary>
internal delegate DatasetReport ReadRows(string path, DatasetCheckOptions options, Tokenizer? tokenizer, ChatTemplate? template, CancellationToken cancellation);

/// <summary>What rules look at, read once and when it is asked for first.</summary>
internal sealed class PlanContext
{
    private readonly Lazy<Loaded<ModelConfig>> _config;
    private readonly Lazy<Loaded<Tokenizer>> _tokenizer;
    private readonly Lazy<Loaded<ChatTemplate>> _template;
    private readonly Lazy<Loaded<DatasetReport>> _data;
    private readonly ReadRows _readRows;

    /// <param name="spec">What is to be run.</param>
    /// <param name="machine">Where.</param>
    /// <param name="output">The job folder.</param>
    /// <param name="cancellation">Stops the reading of rows.</param>
    /// <param name="readRows">Takes the place of reading every row: given how, it says what they come to.</param>
    public PlanContext(JobSpec spec, Machine machine, string? output, CancellationToken cancellation, ReadRows? readRows = null)
    {
        (Spec, Machine, Output, _readRows) = (spec, machine, output, readRows ?? DatasetChecker.Check);
        _config = new(() => Load(() => ModelConfig.Load(spec.Model.Path)));
        _tokenizer = new(() => Load(() => Tokenizer.Load(spec.Model.Path)));
        _template = new(() => Load(() => ChatTemplate.Load(spec.Model.Path, spec.Data.ChatTemplate)));
        _data = new(() => Load(() => ReadRows(cancellation)));
    }

    public JobSpec Spec { get; }

    /// <summary>The longest row that the run takes, in tokens: the model's context where that is shorter, as the contract says.</summary>
    public int MaxLength => Math.Min(Spec.Data.MaxLength, Config.Value?.MaxPositionEmbeddings ?? int.MaxValue);

    public Machine Machine { get; }

    /// <summary>The job folder; null while none is chosen.</summary>
    public string? Output { get; }

    public Loaded<ModelConfig> Config => _config.Value;

    public Loaded<Tokenizer> ModelTokenizer => _tokenizer.Value;

    public Loaded<ChatTemplate> Template => _template.Value;

    /// <summary>What the rows come to; not looked at where the tokenizer is missing.</summary>
    public Loaded<DatasetReport> Data => _data.Value;

    /// <summary>The tokens of the training rows, after cutting; null where they could not be counted.</summary>
    public RowTotals? Rows => Totals(Data.Value);

    /// <summary>Those of the held-out rows; nothing where there are none.</summary>
    public RowTotals HeldOutRows => Totals(Data.Value?.Validation) ?? default;

    /// <summary>How many times what is estimated past runs have taken.</summary>
    public double MemoryFactor { get; init; } = 1;

    /// <summary>What an estimate comes to by what past runs have shown.</summary>
    public long BytesOf(MemoryEstimate memory) => (long)(memory.Total * MemoryFactor);

    /// <summary>About how much memory the run takes; null where the model is unknown.</summary>
    public MemoryEstimate? Memory => Config.Value is { } config
        ? MemoryEstimate.For(config, Resolved(config), SequenceLength, IsHalfPrecision)
        : null;

    /// <summary>The same of another spec, to see what a change would give.</summary>
    public MemoryEstimate? MemoryOf(JobSpec spec) => Config.Value is { } config
        ? MemoryEstimate.For(config, Resolved(spec, config), SequenceLength, IsHalfPrecision)
        : null;

    /// <summary>About how much work the run is; null where the model or the rows are unknown.</summary>
    public WorkEstimate? Work => Config.Value is { } config && Rows is { } rows ? WorkEstimate.For(config, Resolved(config), rows, HeldOutRows) : null;

    private bool IsHalfPrecision => Spec.Train.Precision == Precision.Bf16;

    /// <summary>Packed sequences are filled up to the longest allowed; others are as long as their longest row.</summary>
    private int SequenceLength
    {
        get
        {
            if (!_data.IsValueCreated || Data.Value?.Tokens is not { } tokens)
            {
                return MaxLength;
            }

            var filled = Spec.Data.Packing && Spec.Task != TrainingTask.Dpo ? (int)Math.Min(tokens.Tokens, MaxLength) : tokens.MaxLength;
            return Math.Min(MaxLength, Math.Max(1, filled));
        }
    }

    private DataSpec Bounded => Spec.Data with { MaxLength = MaxLength };

    /// <summary>The spec with the choices made that the worker will make.</summary>
    private JobSpec Resolved(ModelConfig config) => Resolved(Spec, config);

    private JobSpec Resolved(JobSpec spec, ModelConfig config) => Recomputation.Resolve(spec with { Data = Bounded }, config, MaxLength, IsHalfPrecision, Machine.MemoryBytes);

    private RowTotals? Totals(DatasetReport? report) => report?.Tokens is { } tokens
        ? new RowTotals(tokens.Rows, Math.Max(0, tokens.Tokens - (Spec.Data.Overlong == OverlongPolicy.Truncate ? tokens.TokensCut : 0)), tokens.TrainableTokens)
        {
            Sequences = tokens.Sequences,
        }
        : null;

    private DatasetReport? ReadRows(CancellationToken cancellation)
    {
        if (ModelTokenizer.Value is not { } tokenizer)
        {
            return null;
        }

        var options = new DatasetCheckOptions { Data = Bounded, Task = Spec.Task, Validation = Spec.Data.Validation };
        return _readRows(Spec.Data.Train, options, tokenizer, Template.Value, cancellation);
    }

    private static Loaded<T> Load<T>(Func<T?> read)
        where T : class
    {
        try
        {
            return new Loaded<T>(read(), []);
        }
        catch (FaultException error)
        {
            return new Loaded<T>(null, error.Faults);
        }
    }
}

/// <summary>Something that was read, or why it could not be.</summary>
internal sealed record Loaded<T>(T? Value, IReadOnlyList<Fault> Faults)
    where T : class;
