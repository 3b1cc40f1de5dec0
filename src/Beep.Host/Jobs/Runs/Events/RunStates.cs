using System.Text.Json;
using Beep.Host.Data;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Runs.Events;

/// <summary>Something that happened to a job on the host's side.</summary>
/// <param name="RowSeq">Its row's number.</param>
/// <param name="At">When it happened.</param>
/// <param name="Data">What viewers get.</param>
internal sealed record RunState(long RowSeq, DateTimeOffset At, JsonElement Data)
{
    /// <summary>What such events are called in a stream.</summary>
    public const string Type = "state";

    public static RunState Of(JobEventRow row) => new(row.Seq, row.CreatedAt, JsonSerializer.SerializeToElement(
        new StateData(row.Type, row.Level, row.Message, row.Data is null ? null : JsonSerializer.Deserialize<JsonElement>(row.Data), row.CreatedAt), TaskJson.Options));

    private sealed record StateData(string State, string Level, string Message, JsonElement? Data, DateTimeOffset At);
}

/// <summary>Reads what the host noted about a job.</summary>
internal sealed class RunStates(FineTuneDatabase database)
{
    /// <summary>What was noted after a row, in its order, and whether the job has ended.</summary>
    public async Task<(IReadOnlyList<RunState> States, bool HasEnded)> ReadAsync(long jobSeq, long afterRow, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        // The state first: what led to an end is there before it.
        var state = await context.Set<Job>().AsNoTracking().Where(job => job.Seq == jobSeq).Select(job => (JobState?)job.State).SingleOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        var rows = await context.Set<JobEventRow>().AsNoTracking().Where(row => row.JobSeq == jobSeq && row.Seq > afterRow)
            .OrderBy(row => row.Seq).Take(RunCursor.MostStates).ToListAsync(cancellationToken).ConfigureAwait(false);
        return ([.. rows.Select(RunState.Of)], state is null || state.Value.IsEnd());
    }
}
