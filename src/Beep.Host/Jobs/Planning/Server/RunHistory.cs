using System.Text.Json;
using Beep.Host.Data;
using Beep.Host.Jobs.Api;
using Beep.Host.Jobs.Stored;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Planning.Server;

/// <summary>What past runs say of those to come on the same device with the same backend.</summary>
/// <param name="MemoryFactor">The median of what they took over what was estimated; 1 where there are none.</param>
/// <param name="MemoryRuns">How many those are.</param>
/// <param name="Rate">The median of the floating-point operations that they did in a second; null where there are none.</param>
internal sealed record RunHistory(double MemoryFactor, int MemoryRuns, double? Rate)
{
    public static readonly RunHistory None = new(1, 0, null);
}

/// <summary>Reads the plans of runs that have succeeded beside what they came to.</summary>
internal sealed class RunHistoryReader(FineTuneDatabase database)
{
    private const int MostRuns = 20;

    // Fewer say more about their models than about the estimate.
    private const int FewestRuns = 3;
    private const double MostFactor = 3;

    /// <param name="backend">As the spec has it.</param>
    /// <param name="device">As a plan names it.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<RunHistory> ReadAsync(string backend, string device, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var rows = await context.Set<Job>().AsNoTracking()
            .Where(job => job.State == JobState.Succeeded && job.Backend == backend && job.Plan != null && job.Summary != null)
            .OrderByDescending(job => job.Seq).Take(MostRuns * 2).Select(job => new { job.Plan, job.Summary }).ToListAsync(cancellationToken).ConfigureAwait(false);
        var runs = rows.Select(row => Read(row.Plan!, row.Summary!)).OfType<PastRun>().Where(run => run.Device == device).Take(MostRuns).ToList();
        var factors = runs.Where(run => run is { Estimated: > 0, Peak: > 0 }).Select(run => (double)run.Peak!.Value / run.Estimated!.Value).Order().ToList();
        var rates = runs.Where(run => run is { Operations: > 0, Seconds: > 1 }).Select(run => run.Operations!.Value / run.Seconds).Order().ToList();
        return new RunHistory(
            factors.Count >= FewestRuns ? Math.Clamp(factors[factors.Count / 2], 1 / MostFactor, MostFactor) : 1,
            factors.Count >= FewestRuns ? factors.Count : 0,
            rates.Count >= FewestRuns ? rates[rates.Count / 2] : null);
    }

    private static PastRun? Read(string plan, string summary)
    {
        try
        {
            var (planned, came) = (JsonSerializer.Deserialize<StoredPlan>(plan, JobJson.Options), JsonSerializer.Deserialize<StoredSummary>(summary, JobJson.Options));
            return planned?.Memory is { } memory && came is not null ? new PastRun(memory.Device, memory.EstimatedBytes, came.PeakMemoryBytes, planned.Work?.Operations, came.Seconds) : null;
        }
        catch (JsonException)
        {
            // It was written by another version.
            return null;
        }
    }

    private sealed record PastRun(string Device, long? Estimated, long? Peak, double? Operations, double Seconds);

    private sealed record StoredPlan(StoredMemory? Memory, StoredWork? Work);

    private sealed record StoredMemory(string Device, long? EstimatedBytes);

    private sealed record StoredWork(double? Operations);

    private sealed record StoredSummary(double Seconds, long? PeakMemoryBytes);
}
