using System.Security.Claims;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting.Access;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs.Stored;
using Beep.Host.Models;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Uses;

/// <summary>Says which jobs use which datasets.</summary>
internal sealed class JobUses(FineTuneDatabase database, HostDatabase host, PrivilegeService privileges) : IDatasetUses
{
    private static readonly JobState[] Unfinished = [JobState.Validating, JobState.Queued, JobState.Running, JobState.Cancelling];

    public async Task<IReadOnlyList<DatasetUse>> ListAsync(IReadOnlyCollection<long> versionSeqs, ClaimsPrincipal caller, int most, CancellationToken cancellationToken)
    {
        if (versionSeqs.Count == 0 || caller.FindUserId() is not { } user)
        {
            return [];
        }

        var seesAll = JobAccess.SeesAll(caller);
        var shared = seesAll ? [] : await privileges.ListIdsAsync(user, JobAccess.Resource, AccessLevel.Read, cancellationToken);
        await using var context = database.CreateContext();
        var jobs = await context.Set<Job>().AsNoTracking()
            .Where(job => job.DeletedAt == null && (versionSeqs.Contains(job.DatasetVersionSeq) || (job.ValidationVersionSeq != null && versionSeqs.Contains(job.ValidationVersionSeq.Value))))
            .Where(job => seesAll || job.OwnerId == user || shared.Contains(job.Id))
            .OrderByDescending(job => job.Seq).Take(most)
            .Select(job => new { job.Id, job.Name, job.State, job.DatasetVersionSeq, job.ValidationVersionSeq }).ToListAsync(cancellationToken);
        var ids = jobs.Select(job => job.Id).ToList();
        await using var registry = host.CreateContext();
        var models = (await registry.Set<Model>().AsNoTracking().Where(model => model.JobId != null && ids.Contains(model.JobId)).Select(model => new { model.Id, model.JobId }).ToListAsync(cancellationToken)).ToLookup(model => model.JobId, model => model.Id);
        return
        [
            .. jobs.SelectMany(job => new (long? Seq, bool IsValidation)[] { (job.DatasetVersionSeq, false), (job.ValidationVersionSeq, true) }
                .Where(part => part.Seq is { } seq && versionSeqs.Contains(seq))
                .Select(part => new DatasetUse(job.Id, job.Name, job.State.ToString().ToLowerInvariant(), part.Seq!.Value, part.IsValidation, [.. models[job.Id]]))),
        ];
    }

    public async Task<string?> FindUnfinishedAsync(FineTuneDbContext context, IReadOnlyCollection<long> versionSeqs, CancellationToken cancellationToken) => versionSeqs.Count == 0 ? null : await context.Set<Job>()
        .Where(job => Unfinished.Contains(job.State) && job.DeletedAt == null && (versionSeqs.Contains(job.DatasetVersionSeq) || (job.ValidationVersionSeq != null && versionSeqs.Contains(job.ValidationVersionSeq.Value))))
        .Select(job => job.Id).FirstOrDefaultAsync(cancellationToken);
}
