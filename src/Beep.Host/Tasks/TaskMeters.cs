using System.Diagnostics.Metrics;

namespace Beep.Host.Tasks;

/// <summary>What tasks count.</summary>
internal sealed class TaskMeters : IDisposable
{
    public const string Name = "Beep.Tasks";

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _enqueued;
    private readonly Counter<long> _finished;
    private readonly UpDownCounter<long> _running;
    private readonly Histogram<double> _duration;

    public TaskMeters()
    {
        _enqueued = _meter.CreateCounter<long>("enqueued", "{task}", "Tasks that were added, by kind.");
        _finished = _meter.CreateCounter<long>("finished", "{task}", "Tasks that ended, by kind and status.");
        _running = _meter.CreateUpDownCounter<long>("running", "{task}", "Tasks that this host runs now, by kind.");
        _duration = _meter.CreateHistogram<double>("duration", "s", "How long tasks ran, by kind and status.");
    }

    public void Enqueued(string kind) => _enqueued.Add(1, new KeyValuePair<string, object?>("kind", kind));

    public void Running(string kind, int change) => _running.Add(change, new KeyValuePair<string, object?>("kind", kind));

    public void Finished(TaskRow row)
    {
        KeyValuePair<string, object?>[] tags = [new("kind", row.Kind), new("status", row.Status.Word())];
        _finished.Add(1, tags);
        if (row is { StartedAt: { } started, CompletedAt: { } completed })
        {
            _duration.Record((completed - started).TotalSeconds, tags);
        }
    }

    public void Dispose() => _meter.Dispose();
}
