using System.Text.Json.Serialization;

namespace Beep.Contracts;

/// <summary>One line of <c>events.jsonl</c>. Readers ignore fields and types that they do not know.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(StartedEvent), StartedEvent.TypeName)]
[JsonDerivedType(typeof(DataEvent), DataEvent.TypeName)]
[JsonDerivedType(typeof(ProgressEvent), ProgressEvent.TypeName)]
[JsonDerivedType(typeof(MetricEvent), MetricEvent.TypeName)]
[JsonDerivedType(typeof(EvaluationEvent), EvaluationEvent.TypeName)]
[JsonDerivedType(typeof(SampleEvent), SampleEvent.TypeName)]
[JsonDerivedType(typeof(CheckpointEvent), CheckpointEvent.TypeName)]
[JsonDerivedType(typeof(ArtifactEvent), ArtifactEvent.TypeName)]
[JsonDerivedType(typeof(WarningEvent), WarningEvent.TypeName)]
[JsonDerivedType(typeof(FailedEvent), FailedEvent.TypeName)]
[JsonDerivedType(typeof(FinishedEvent), FinishedEvent.TypeName)]
public abstract record JobEvent
{
    /// <summary>The major version this code reads and writes.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The major version of the line.</summary>
    [JsonPropertyOrder(-3)]
    public int V { get; init; } = CurrentVersion;

    /// <summary>1, 2, 3 and so on, across restarts of the same job.</summary>
    [JsonPropertyOrder(-2)]
    public long Seq { get; init; }

    /// <summary>When it happened.</summary>
    [JsonPropertyOrder(-1)]
    public DateTimeOffset At { get; init; }
}

/// <summary>A worker has loaded the model and is about to train. Metrics after <see cref="ResumedFrom"/> that came before this event are void.</summary>
/// <param name="Backend">Which worker.</param>
/// <param name="Versions">The versions of what it runs on: <c>beep</c>, <c>torch</c>.</param>
/// <param name="Device"><c>cpu</c>, <c>cuda:0</c>.</param>
/// <param name="Precision">The number format in use.</param>
/// <param name="TrainableParameters">How many weights are trained.</param>
/// <param name="TotalParameters">How many there are, adapter included.</param>
/// <param name="TotalSteps">How many optimizer steps the run will take.</param>
/// <param name="ResumedFrom">The step of the checkpoint it goes on from; null for a new run.</param>
public sealed record StartedEvent(
    string Backend,
    IReadOnlyDictionary<string, string> Versions,
    string Device,
    string Precision,
    long TrainableParameters,
    long TotalParameters,
    int TotalSteps,
    int? ResumedFrom = null) : JobEvent
{
    internal const string TypeName = "started";
}

/// <summary>What the training rows came to.</summary>
/// <param name="Rows">Rows that take part.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="TrainableTokens">Those on which loss is taken.</param>
/// <param name="Truncated">Rows that lost their end.</param>
/// <param name="Dropped">Rows left out.</param>
/// <param name="Sequences">Sequences that they fill, after packing.</param>
/// <param name="ValidationRows">Held-out rows.</param>
public sealed record DataEvent(
    long Rows, long Tokens, long TrainableTokens, long Truncated, long Dropped, long Sequences, long ValidationRows = 0) : JobEvent
{
    internal const string TypeName = "data";
}

/// <summary>How far the run is.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="TotalSteps">Optimizer steps in all.</param>
/// <param name="Epoch">Visits of every row done.</param>
/// <param name="EtaSeconds">Seconds to go; null until it can be told.</param>
public sealed record ProgressEvent(int Step, int TotalSteps, double Epoch, double? EtaSeconds = null) : JobEvent
{
    internal const string TypeName = "progress";
}

/// <summary>The figures of one optimizer step.</summary>
/// <param name="Step">The step, from 1.</param>
/// <param name="Epoch">Visits of every row done.</param>
/// <param name="Loss">Mean over the labelled tokens of the effective batch, in nats; null when it was not finite.</param>
/// <param name="LearningRate">The learning rate of this step.</param>
/// <param name="GradNorm">The gradient's norm before clipping; null when it was not finite.</param>
/// <param name="Tokens">Tokens trained on so far, padding left out.</param>
/// <param name="TokensPerSecond">Tokens a second since the last metric, padding left out; null on the first of a worker, which has none before it.</param>
/// <param name="MemoryBytes">Memory of the device, or resident memory of the worker on a CPU.</param>
public sealed record MetricEvent(
    int Step,
    double Epoch,
    double? Loss,
    double LearningRate,
    double? GradNorm,
    long Tokens,
    double? TokensPerSecond,
    long? MemoryBytes = null) : JobEvent
{
    internal const string TypeName = "metric";
}

/// <summary>The held-out rows, scored.</summary>
/// <param name="Step">The optimizer steps done; 0 is the base model.</param>
/// <param name="Loss">Mean over their labelled tokens, in nats; null when it was not finite.</param>
/// <param name="TokenAccuracy">The share of labelled tokens that the model ranks first.</param>
public sealed record EvaluationEvent(int Step, double? Loss, double TokenAccuracy) : JobEvent
{
    internal const string TypeName = "evaluation";
}

/// <summary>A text generated while training.</summary>
/// <param name="Step">The optimizer steps done; 0 is the base model.</param>
/// <param name="Prompt">What was asked.</param>
/// <param name="Text">What the model answered.</param>
public sealed record SampleEvent(int Step, string Prompt, string Text) : JobEvent
{
    internal const string TypeName = "sample";
}

/// <summary>A checkpoint is complete.</summary>
/// <param name="Step">The optimizer steps done.</param>
/// <param name="Path">The folder, relative to the job folder.</param>
public sealed record CheckpointEvent(int Step, string Path) : JobEvent
{
    internal const string TypeName = "checkpoint";
}

/// <summary>A result is complete.</summary>
/// <param name="Name"><c>adapter</c> or <c>merged</c>.</param>
/// <param name="Path">The folder or file, relative to the job folder.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">The SHA-256 of its weights, in hexadecimal.</param>
public sealed record ArtifactEvent(string Name, string Path, long Bytes, string Sha256) : JobEvent
{
    internal const string TypeName = "artifact";
}

/// <summary>Something the user should know, though the run goes on.</summary>
/// <param name="Code">Stable and machine readable.</param>
/// <param name="Message">What happened.</param>
/// <param name="Remedy">What to do about it.</param>
public sealed record WarningEvent(string Code, string Message, string? Remedy = null) : JobEvent
{
    internal const string TypeName = "warning";
}

/// <summary>The run ends here by a fault; one event a fault.</summary>
/// <param name="Code">Stable and machine readable.</param>
/// <param name="Message">What happened.</param>
/// <param name="Remedy">What to do about it.</param>
public sealed record FailedEvent(string Code, string Message, string Remedy) : JobEvent
{
    internal const string TypeName = "failed";
}

/// <summary>The run is over; <c>exit.json</c> follows.</summary>
/// <param name="Status">How it ended.</param>
public sealed record FinishedEvent(JobStatus Status) : JobEvent
{
    internal const string TypeName = "finished";
}
