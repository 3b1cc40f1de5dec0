namespace Beep.Host.Jobs.Runs.Metrics;

/// <summary>A figure that is drawn over the steps.</summary>
/// <param name="Name">What it is called in requests and answers.</param>
/// <param name="Unit">Of its values.</param>
/// <param name="Kind">Which records have it.</param>
/// <param name="Value">How it is read; NaN where there is none.</param>
internal sealed record MetricSeries(string Name, string Unit, RecordKind Kind, Func<MetricRecord, double> Value)
{
    public const string Loss = "loss";
    public const string EvaluationLoss = "evaluation_loss";

    /// <summary>Every one, in the order in which they are shown.</summary>
    public static readonly IReadOnlyList<MetricSeries> All =
    [
        new(Loss, "nats", RecordKind.Metric, record => record.Loss),
        new(EvaluationLoss, "nats", RecordKind.Evaluation, record => record.Loss),
        new("evaluation_accuracy", "share of tokens", RecordKind.Evaluation, record => record.TokenAccuracy),
        new("learning_rate", "", RecordKind.Metric, record => record.LearningRate),
        new("grad_norm", "", RecordKind.Metric, record => record.GradNorm),
        new("tokens_per_second", "tokens/s", RecordKind.Metric, record => record.TokensPerSecond),
        new("memory_bytes", "bytes", RecordKind.Metric, record => record.MemoryBytes),
    ];
}

/// <summary>A figure over the steps, thinned where it is long. Steps and values belong together one by one.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Unit">Of the values.</param>
/// <param name="Count">How many values there are in the range.</param>
/// <param name="NotFinite">How many more were not a finite number, or not given.</param>
/// <param name="IsExact">Whether every value is here.</param>
/// <param name="Steps">In optimizer steps done, rising.</param>
/// <param name="Values">The values; where it is thinned, the smallest and the largest of every part, the first and the last. Null: not finite.</param>
internal sealed record SeriesView(string Name, string Unit, long Count, long NotFinite, bool IsExact, IReadOnlyList<int> Steps, IReadOnlyList<double?> Values);

/// <summary>Figures of a run.</summary>
/// <param name="Seq">The number of the worker's last event that is in it: the events after it go on where these end.</param>
/// <param name="FirstStep">Of the whole run.</param>
/// <param name="LastStep">Of the whole run.</param>
/// <param name="Series">Those that were asked for.</param>
internal sealed record MetricsView(long Seq, int FirstStep, int LastStep, IReadOnlyList<SeriesView> Series);
