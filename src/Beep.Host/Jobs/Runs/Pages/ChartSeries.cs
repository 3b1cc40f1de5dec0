using Beep.Host.Jobs.Runs.Metrics;

namespace Beep.Host.Jobs.Runs.Pages;

/// <summary>A curve as the page's script draws it. The same series always has the same colour.</summary>
/// <param name="Name">By which points are appended.</param>
/// <param name="Label">As people read it.</param>
/// <param name="Color">Which of the palette.</param>
/// <param name="Style"><c>line</c> or <c>points</c>.</param>
/// <param name="IsSmoothed">Whether the slider of its chart smooths it.</param>
/// <param name="Steps">In optimizer steps.</param>
/// <param name="Values">Null: not finite.</param>
internal sealed record ChartSeries(string Name, string Label, int Color, string Style, bool IsSmoothed, IReadOnlyList<int> Steps, IReadOnlyList<double?> Values)
{
    private static readonly Dictionary<string, (string Label, int Color)> Known = new(StringComparer.Ordinal)
    {
        [MetricSeries.Loss] = ("Training loss", 0),
        [MetricSeries.EvaluationLoss] = ("Held-out loss", 1),
        ["evaluation_accuracy"] = ("Held-out accuracy", 1),
        ["learning_rate"] = ("Learning rate", 2),
        ["grad_norm"] = ("Gradient norm", 3),
        ["tokens_per_second"] = ("Throughput", 4),
        ["memory_bytes"] = ("Memory", 6),
    };

    public static string LabelOf(string name) => Known[name].Label;

    public static ChartSeries Of(SeriesView view) => new(
        view.Name, Known[view.Name].Label, Known[view.Name].Color, view.Name == MetricSeries.EvaluationLoss ? "points" : "line", view.Name == MetricSeries.Loss, view.Steps, view.Values);
}

/// <summary>Points that have come since.</summary>
internal sealed record ChartPoints(string Name, IReadOnlyList<int> Steps, IReadOnlyList<double?> Values);
