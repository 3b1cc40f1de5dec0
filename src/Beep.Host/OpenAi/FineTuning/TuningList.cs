using System.Security.Claims;
using System.Text.Json;
using Beep.Host.Data;
using Beep.Host.Hosting.Access;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Stored;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.OpenAi.FineTuning;

/// <summary>Lists jobs for OpenAI's clients: the caller's own and those that were shared, newest first. Drafts are no fine-tunes yet.</summary>
internal sealed class TuningList(FineTuneDatabase database, PrivilegeService privileges, TuningDescriber describer)
{
    private const string Metadata = "metadata";

    public async Task<ListView<TuningJobView>> ReadAsync(string? after, int limit, IQueryCollection query, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var user = caller.RequireUserId();
        var shared = await privileges.ListIdsAsync(user, JobAccess.Resource, AccessLevel.Read, cancellationToken);
        await using var context = database.CreateContext();
        var jobs = context.Set<Job>().AsNoTracking().Where(job => job.DeletedAt == null && job.State != JobState.Draft && (job.OwnerId == user || shared.Contains(job.Id)));
        if (after is not null)
        {
            var ours = OpenAiIds.ReadJob(after);
            var last = ours is null ? null : await jobs.Where(job => job.Id == ours).Select(job => (long?)job.Seq).SingleOrDefaultAsync(cancellationToken);
            jobs = last is { } seq ? jobs.Where(job => job.Seq < seq) : throw OpenAiRequests.NoJob(after);
        }

        jobs = Filter(jobs, query);
        var rows = await jobs.OrderByDescending(job => job.Seq).Take(limit + 1).ToListAsync(cancellationToken);
        return new ListView<TuningJobView>(await describer.DescribeAsync([.. rows.Take(limit)], cancellationToken), rows.Count > limit);
    }

    private static IQueryable<Job> Filter(IQueryable<Job> jobs, IQueryCollection query)
    {
        if (query.TryGetValue(Metadata, out var none) && none.ToString() is "null" or "")
        {
            jobs = jobs.Where(job => job.Metadata == null);
        }

        foreach (var (name, values) in query.Where(pair => pair.Key.StartsWith($"{Metadata}[", StringComparison.Ordinal) && pair.Key.EndsWith(']')))
        {
            // As it stands in the stored object: a quotation mark inside of a value is escaped there, so that no value can look like a pair.
            var pair = $"{JsonSerializer.Serialize(name[(Metadata.Length + 1)..^1])}:{JsonSerializer.Serialize(values.ToString())}";
            jobs = jobs.Where(job => job.Metadata != null && job.Metadata.Contains(pair));
        }

        return jobs;
    }
}
