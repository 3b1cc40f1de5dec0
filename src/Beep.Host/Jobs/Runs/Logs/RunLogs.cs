using System.Runtime.CompilerServices;
using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Live;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Runs.Logs;

/// <summary>What workers print.</summary>
internal sealed class RunLogs(HostPaths paths, FineTuneDatabase database, TimeProvider time)
{
    private const int FollowedAtFirst = 200;
    private const int Batch = 500;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan StateInterval = TimeSpan.FromSeconds(1);

    private readonly LogFile _file = new(time);

    /// <summary>A page of it.</summary>
    public LogPage Read(Job job, long? position, bool isBackward, string? search, int most)
    {
        var hasEnded = job.State.IsEnd();
        var part = _file.Read(PathOf(job.Id), new LogRequest(position, isBackward, search, most, hasEnded));
        var isAll = hasEnded && part.End >= part.Bytes;
        return new LogPage(part.Lines, isAll ? null : PageRequest.CursorOf(part.End), part.Begin > 0 ? PageRequest.CursorOf(part.Begin) : null, part.Bytes);
    }

    /// <summary>Its end, or what comes after a byte, and what is printed from then on, to the end of the run. The numbers are bytes.</summary>
    public async IAsyncEnumerable<LiveEvent> FollowAsync(Job job, long? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = PathOf(job.Id);
        var position = after ?? _file.Read(path, new LogRequest(null, IsBackward: true, null, FollowedAtFirst, IsComplete: true)).Begin;
        var (hasEnded, looked) = (job.State.IsEnd(), time.GetTimestamp());
        while (true)
        {
            var part = _file.Read(path, new LogRequest(position, IsBackward: false, null, Batch, hasEnded));
            for (var i = 0; i < part.Lines.Count; i++)
            {
                var next = i + 1 < part.Lines.Count ? part.Lines[i + 1].At : part.End;
                yield return new LiveEvent(next, "line", JsonSerializer.SerializeToElement(part.Lines[i], TaskJson.Options));
            }

            var isSilent = part.End == position;
            position = part.End;
            if (isSilent && hasEnded)
            {
                yield break;
            }

            if (isSilent)
            {
                await Task.Delay(Interval, time, cancellationToken).ConfigureAwait(false);
                if (time.GetElapsedTime(looked) > StateInterval)
                {
                    (hasEnded, looked) = (await HasEndedAsync(job.Seq, cancellationToken).ConfigureAwait(false), time.GetTimestamp());
                }
            }
        }
    }

    private async Task<bool> HasEndedAsync(long jobSeq, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var state = await context.Set<Job>().AsNoTracking().Where(job => job.Seq == jobSeq).Select(job => (JobState?)job.State).SingleOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        return state is null || state.Value.IsEnd();
    }

    private string PathOf(string jobId) => new JobFolder(paths.Job(jobId)).Output;
}
