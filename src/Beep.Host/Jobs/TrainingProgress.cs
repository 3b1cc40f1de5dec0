using Beep.Contracts;

namespace Beep.Host.Jobs;

/// <summary>What is known of a run so far, gathered from its events.</summary>
internal sealed class TrainingProgress
{
    private readonly List<(int Step, double Loss)> _losses = [];

    public int Step { get; private set; }

    public int TotalSteps { get; private set; }

    public double? EtaSeconds { get; private set; }

    public double? Loss { get; private set; }

    public double? TokensPerSecond { get; private set; }

    /// <summary>The training losses in the order of the steps; those that a resume made void are gone.</summary>
    public IReadOnlyList<double> Losses => [.. _losses.Select(entry => entry.Loss)];

    /// <summary>The share of the steps done, from 0 to 1.</summary>
    public double Share => TotalSteps > 0 ? Math.Clamp((double)Step / TotalSteps, 0, 1) : 0;

    public void Add(JobEvent jobEvent)
    {
        switch (jobEvent)
        {
            case StartedEvent started:
                TotalSteps = started.TotalSteps;
                Step = started.ResumedFrom ?? 0;
                _losses.RemoveAll(entry => entry.Step > Step);
                break;
            case ProgressEvent progress:
                (Step, TotalSteps, EtaSeconds) = (progress.Step, progress.TotalSteps, progress.EtaSeconds);
                break;
            case MetricEvent metric:
                Step = Math.Max(Step, metric.Step);
                Loss = metric.Loss;
                TokensPerSecond = metric.TokensPerSecond;
                if (metric.Loss is { } loss)
                {
                    _losses.Add((metric.Step, loss));
                }

                break;
            default:
                break;
        }
    }
}
