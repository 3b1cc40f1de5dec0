using Beep.Host.Hosting.Settings;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>What a look at the cluster gave for one job.</summary>
/// <param name="Job">As Slurm describes it; null where it knows none of that number any more.</param>
/// <param name="Fault">Why nobody can say; null where the cluster answered.</param>
internal sealed record SlurmReading(SlurmJob? Job, string? Fault);

/// <summary>Looks at all jobs of this host with one question, every few seconds, and more rarely the more there are.</summary>
internal sealed class SlurmWatch(SlurmCommands commands, SlurmOptions options, TimeProvider time)
{
    private const int ManyJobs = 25;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<(long Number, string Name), TaskCompletionSource<SlurmReading>> _asked = [];
    private bool _isLooking;
    private long? _looked;

    /// <summary>How the job is at the next look.</summary>
    public Task<SlurmReading> ReadAsync(long number, string name, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_asked.TryGetValue((number, name), out var answer))
            {
                _asked[(number, name)] = answer = new TaskCompletionSource<SlurmReading>(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            if (!_isLooking)
            {
                _isLooking = true;
                _ = LookAsync();
            }

            return answer.Task.WaitAsync(cancellationToken);
        }
    }

    private async Task LookAsync()
    {
        while (true)
        {
            await PauseAsync().ConfigureAwait(false);
            Dictionary<(long Number, string Name), TaskCompletionSource<SlurmReading>> asked;
            lock (_gate)
            {
                asked = new(_asked);
                _asked.Clear();
                _isLooking = asked.Count > 0;
                if (!_isLooking)
                {
                    return;
                }
            }

            try
            {
                var readings = await AskAsync([.. asked.Keys]).ConfigureAwait(false);
                foreach (var (key, answer) in asked)
                {
                    answer.TrySetResult(readings[key]);
                }
            }
            catch (Exception error)
            {
                // Whoever waits decides; the next look is another one.
                foreach (var answer in asked.Values)
                {
                    answer.TrySetException(error);
                }
            }

            _looked = time.GetTimestamp();
        }
    }

    private Task PauseAsync()
    {
        int count;
        lock (_gate)
        {
            count = _asked.Count;
        }

        var pause = TimeSpan.FromTicks(Math.Min(Math.Max(options.Poll.Ticks, LongestPause.Ticks), options.Poll.Ticks * (1 + (count / ManyJobs))));
        var rest = _looked is { } looked ? pause - time.GetElapsedTime(looked) : TimeSpan.Zero;
        return rest > TimeSpan.Zero ? Task.Delay(rest, time) : Task.CompletedTask;
    }

    private async Task<Dictionary<(long Number, string Name), SlurmReading>> AskAsync(IReadOnlyList<(long Number, string Name)> asked)
    {
        var answer = await commands.QueueAsync(asked.Select(job => job.Name).Distinct(), CancellationToken.None).ConfigureAwait(false);
        if (!answer.IsGood)
        {
            var fault = SlurmCommands.Complaint(answer);
            return asked.ToDictionary(job => job, _ => new SlurmReading(null, fault));
        }

        // A number is used again after many others: only with the name it is the same job.
        var known = SlurmJob.ParseQueue(answer.Output).ToDictionary(job => (job.Number, job.Name!));
        var gone = asked.Where(job => !known.ContainsKey(job)).ToList();
        if (gone.Count > 0 && await commands.AccountingAsync(gone.Select(job => job.Number), CancellationToken.None).ConfigureAwait(false) is { IsGood: true } accounted)
        {
            // One that still runs there and is not in the queue is lost, or its end is not written down yet.
            foreach (var job in SlurmJob.ParseAccounting(accounted.Output).Where(job => job.HasEnded && gone.Contains((job.Number, job.Name!))))
            {
                known[(job.Number, job.Name!)] = job;
            }
        }

        return asked.ToDictionary(job => job, job => new SlurmReading(known.GetValueOrDefault(job), null));
    }
}
