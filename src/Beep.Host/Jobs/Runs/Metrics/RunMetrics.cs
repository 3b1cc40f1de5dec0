using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs.Runs.Events;

namespace Beep.Host.Jobs.Runs.Metrics;

/// <summary>Which part of a run's figures is wanted.</summary>
/// <param name="Series">Which; none named means all.</param>
/// <param name="Points">The most points of a series.</param>
/// <param name="From">The first step; null: from the beginning.</param>
/// <param name="To">The last step; null: to the end.</param>
internal sealed record MetricsRequest(IReadOnlyList<MetricSeries> Series, int Points, int? From = null, int? To = null);

/// <summary>Reads the figures of runs, in memory that does not grow with them.</summary>
internal sealed class RunMetrics(HostPaths paths) : IDisposable
{
    public const int DefaultPoints = 1000;
    public const int LeastPoints = 10;
    public const int MostPoints = 10_000;
    private const int Block = 16 << 10;
    private const int Gates = 64;

    // One at a time of each job; jobs that share a gate by chance wait for each other a little.
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, Gates).Select(_ => new SemaphoreSlim(1, 1))];

    public static string IndexOf(HostPaths paths, string jobId) => Path.Combine(paths.RunCache(jobId), "metrics.index");

    /// <summary>The figures, thinned.</summary>
    public Task<MetricsView> ReadAsync(string jobId, MetricsRequest request, CancellationToken cancellationToken) => UseAsync(jobId, index =>
    {
        var (first, end) = (request.From is { } from ? index.Find(from) : 0, request.To is { } to ? index.Find((long)to + 1) : index.Count);
        var counts = Count(index, first, end);
        var samplers = request.Series.Select(series => new SeriesSampler(series, series.Kind == RecordKind.Metric ? counts.Metrics : counts.Evaluations, request.Points)).ToArray();
        var metrics = samplers.Where(sampler => sampler.Series.Kind == RecordKind.Metric).ToArray();
        var evaluations = samplers.Where(sampler => sampler.Series.Kind == RecordKind.Evaluation).ToArray();
        foreach (var block in Blocks(index, first, end))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (ref readonly var record in block.Span)
            {
                foreach (var sampler in record.Kind == RecordKind.Metric ? metrics : record.Kind == RecordKind.Evaluation ? evaluations : [])
                {
                    sampler.Add(record.Step, sampler.Series.Value(record));
                }
            }
        }

        var one = new MetricRecord[1];
        var firstStep = index.Read(0, one) > 0 ? one[0].Step : 0;
        var lastStep = index.Read(index.Count - 1, one) > 0 ? one[0].Step : 0;
        var seq = RunEventFile.SeqBefore(new JobFolder(paths.Job(jobId)).Events, index.Offset);
        return new MetricsView(seq, firstStep, lastStep, [.. samplers.Select(sampler => sampler.Finish())]);
    }, cancellationToken);

    /// <summary>Every metric and evaluation that is not void, in order, up to what is there now. Between two blocks nothing is held: the reader may be slow.</summary>
    public async Task ForEachAsync(string jobId, Func<ReadOnlyMemory<MetricRecord>, Task> read, CancellationToken cancellationToken)
    {
        var block = new MetricRecord[Block];
        var (position, end) = (0L, long.MaxValue);
        while (position < end)
        {
            (var count, end) = await UseAsync(jobId, index => (index.Read(position, block), Math.Min(end, index.Count)), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return;
            }

            position += count;
            await read(block.AsMemory(0, (int)(count - Math.Max(0, position - end)))).ConfigureAwait(false);
        }
    }

    /// <summary>The newest of what is neither a metric nor progress, oldest first: starts, samples, checkpoints, warnings, the end.</summary>
    public Task<IReadOnlyList<RunEvent>> NotableAsync(string jobId, int most, CancellationToken cancellationToken) => UseAsync<IReadOnlyList<RunEvent>>(jobId, index =>
    {
        List<long> places = [];
        var block = new MetricRecord[Block];
        for (var end = index.Count; end > 0 && places.Count < most; end -= Block)
        {
            var first = Math.Max(0, end - Block);
            var count = index.Read(first, block.AsSpan(0, (int)(end - first)));
            for (var i = count - 1; i >= 0 && places.Count < most; i--)
            {
                if (block[i].Kind is RecordKind.Started or RecordKind.Notable or RecordKind.Sample)
                {
                    places.Add(block[i].Offset);
                }
            }
        }

        places.Reverse();
        return RunEventFile.ReadAt(new JobFolder(paths.Job(jobId)).Events, places);
    }, cancellationToken);

    /// <summary>What was said last, of every kind.</summary>
    public IReadOnlyList<RunEvent> Last(string jobId) => RunEventFile.Tail(new JobFolder(paths.Job(jobId)).Events);

    /// <summary>Takes in what the worker wrote since.</summary>
    public Task CatchUpAsync(string jobId, CancellationToken cancellationToken) => UseAsync(jobId, index => index.Count, cancellationToken);

    public void Dispose()
    {
        foreach (var gate in _gates)
        {
            gate.Dispose();
        }
    }

    private async Task<T> UseAsync<T>(string jobId, Func<MetricIndex, T> use, CancellationToken cancellationToken)
    {
        var gate = GateOf(jobId);
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // A long run is worked through here: on a thread of the pool and not on a page's own.
            return await Task.Run(() =>
            {
                using var index = Open(jobId, cancellationToken);
                return use(index);
            }, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    private MetricIndex Open(string jobId, CancellationToken cancellationToken)
    {
        try
        {
            return MetricIndex.Open(IndexOf(paths, jobId), new JobFolder(paths.Job(jobId)).Events, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HttpFaultException(StatusCodes.Status507InsufficientStorage, new Fault("cache_unwritable", $"The figures of the job '{jobId}' cannot be worked out: {error.Message}", "Free space on the disk of the home."));
        }
    }

    private SemaphoreSlim GateOf(string jobId) => _gates[(uint)string.GetHashCode(jobId, StringComparison.Ordinal) % Gates];

    /// <summary>How many metrics and how many evaluations are in a range.</summary>
    private static (long Metrics, long Evaluations) Count(MetricIndex index, long first, long end)
    {
        var (metrics, evaluations) = (0L, 0L);
        foreach (var block in Blocks(index, first, end))
        {
            foreach (ref readonly var record in block.Span)
            {
                metrics += record.Kind == RecordKind.Metric ? 1 : 0;
                evaluations += record.Kind == RecordKind.Evaluation ? 1 : 0;
            }
        }

        return (metrics, evaluations);
    }

    private static IEnumerable<ReadOnlyMemory<MetricRecord>> Blocks(MetricIndex index, long first, long end)
    {
        var block = new MetricRecord[(int)Math.Clamp(end - first, 1, Block)];
        while (first < end)
        {
            var count = index.Read(first, block.AsSpan(0, (int)Math.Min(block.Length, end - first)));
            if (count == 0)
            {
                yield break;
            }

            first += count;
            yield return block.AsMemory(0, count);
        }
    }
}
