using System.Security.Claims;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs.Queueing;
using Beep.Host.Jobs.Stored;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Api;

/// <summary>Which jobs are wanted.</summary>
internal sealed record JobFilter
{
    public JobState? State { get; init; }

    public string? Model { get; init; }

    public string? Dataset { get; init; }

    /// <summary>Part of the name, or the beginning of the id.</summary>
    public string? Search { get; init; }

    /// <summary>Everybody's, for who may see them.</summary>
    public bool IsOfAll { get; init; }
}

/// <summary>Reads jobs as callers see them.</summary>
internal sealed class JobReader(FineTuneDatabase database, PrivilegeService privileges, JobQueue queue)
{
    /// <summary>Newest first: the caller's own with those that were shared, or everybody's.</summary>
    public async Task<Page<JobView>> ListAsync(JobFilter filter, PageRequest page, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var user = caller.RequireUserId();
        var shared = filter.IsOfAll ? [] : await privileges.ListIdsAsync(user, JobAccess.Resource, AccessLevel.Read, cancellationToken);
        await using var context = database.CreateContext();
        var jobs = context.Set<Job>().AsNoTracking().Where(job => job.DeletedAt == null);
        jobs = filter.IsOfAll ? jobs : shared.Count == 0 ? jobs.Where(job => job.OwnerId == user) : jobs.Where(job => job.OwnerId == user || shared.Contains(job.Id));
        jobs = filter.State is { } state ? jobs.Where(job => job.State == state) : jobs;
        jobs = filter.Model is { } model ? jobs.Where(job => job.ModelId == model) : jobs;
        if (filter.Search is { Length: > 0 } search)
        {
            var pattern = $"%{Escape(search)}%";
            var prefix = $"{Escape(search)}%";
            jobs = jobs.Where(job => EF.Functions.Like(job.Name.ToLower(), pattern.ToLower(), "\\") || EF.Functions.Like(job.Id, prefix, "\\"));
        }

        if (filter.Dataset is { } dataset)
        {
            jobs = jobs.Where(job => context.Set<DatasetVersion>().Any(version => version.Seq == job.DatasetVersionSeq && context.Set<Dataset>().Any(found => found.Seq == version.DatasetSeq && found.Id == dataset)));
        }

        jobs = page.After is { } before ? jobs.Where(job => job.Seq < before) : jobs;
        var rows = await WithSources(context, jobs.OrderByDescending(job => job.Seq).Take(page.Size + 1)).OrderByDescending(row => row.Job.Seq).ToListAsync(cancellationToken);
        var cut = page.Cut(rows, row => row.Job.Seq);
        // Nobody waits in most lists.
        var waiting = cut.Items.Any(row => row.Job.State == JobState.Queued) ? await queue.ReadAsync([], cancellationToken) : null;
        return new Page<JobView>([.. cut.Items.Select(row => Item(row, waiting))], cut.Next);
    }

    /// <summary>One job with everything; who may see it was asked before.</summary>
    public async Task<JobView> ReadAsync(string id, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var row = await WithSources(context, context.Set<Job>().AsNoTracking().Where(job => job.Id == id)).SingleAsync(cancellationToken);
        var job = row.Job;
        var artifacts = await context.Set<Artifact>().AsNoTracking().Where(artifact => artifact.JobSeq == job.Seq).OrderBy(artifact => artifact.Seq)
            .Select(artifact => new ArtifactView(artifact.Name, artifact.Bytes, artifact.Sha256, artifact.ModelId, artifact.CreatedAt, artifact.RemovedAt)).ToListAsync(cancellationToken);
        var validation = job.ValidationVersionSeq is { } seq
            ? await (from version in context.Set<DatasetVersion>() join dataset in context.Set<Dataset>() on version.DatasetSeq equals dataset.Seq where version.Seq == seq select new JobDataset(dataset.Id, dataset.Name, version.Number)).SingleOrDefaultAsync(cancellationToken)
            : null;
        return Item(row, job.State == JobState.Queued ? await queue.ReadAsync([], cancellationToken) : null) with
        {
            Validation = validation,
            Suffix = job.Suffix,
            Metadata = JobView.Parse(job.Metadata),
            Spec = JobView.Parse(job.Spec),
            Plan = JobView.Parse(job.Plan),
            Summary = JobView.Parse(job.Summary),
            Artifacts = artifacts,
        };
    }

    /// <summary>How many jobs there are of each state that the caller may see in a list.</summary>
    public async Task<IReadOnlyDictionary<JobState, int>> CountAsync(ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var user = caller.RequireUserId();
        await using var context = database.CreateContext();
        return await context.Set<Job>().Where(job => job.OwnerId == user && job.DeletedAt == null).GroupBy(job => job.State)
            .Select(group => new { group.Key, Count = group.Count() }).ToDictionaryAsync(group => group.Key, group => group.Count, cancellationToken);
    }

    private static IQueryable<JobRow> WithSources(FineTuneDbContext context, IQueryable<Job> jobs) =>
        from job in jobs
        join version in context.Set<DatasetVersion>() on job.DatasetVersionSeq equals version.Seq into versions
        from version in versions.DefaultIfEmpty()
        join dataset in context.Set<Dataset>() on version.DatasetSeq equals dataset.Seq into datasets
        from dataset in datasets.DefaultIfEmpty()
        select new JobRow { Job = job, DatasetId = dataset.Id, DatasetName = dataset.Name, Version = (int?)version.Number };

    private static JobView Item(JobRow row, QueueView? queue) => new()
    {
        Id = row.Job.Id,
        Name = row.Job.Name,
        State = row.Job.State.Word(),
        OwnerId = row.Job.OwnerId,
        Model = new JobModel(row.Job.ModelId, row.Job.ModelName),
        Dataset = new JobDataset(row.DatasetId ?? "", row.DatasetName ?? "removed", row.Version ?? 0),
        Preset = row.Job.Preset,
        Backend = row.Job.Backend,
        Method = row.Job.Method,
        Priority = row.Job.Priority,
        Revision = row.Job.Revision,
        Actions = JobView.ActionsOf(row.Job.State),
        Step = row.Job.Step,
        TotalSteps = row.Job.TotalSteps,
        Loss = row.Job.Loss,
        EvaluationLoss = row.Job.EvaluationLoss,
        TrainedTokens = row.Job.TrainedTokens,
        DeviceSeconds = Math.Round(row.Job.DeviceSeconds, 1),
        Queue = queue?.PlaceOf(row.Job.Id),
        Error = JobErrorView.Of(row.Job.ErrorCode, row.Job.Error, row.Job.ErrorRemedy),
        ParentId = row.Job.ParentId,
        TaskId = row.Job.TaskId,
        CreatedAt = row.Job.CreatedAt,
        QueuedAt = row.Job.QueuedAt,
        StartedAt = row.Job.StartedAt,
        FinishedAt = row.Job.FinishedAt,
    };

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);

    private sealed class JobRow
    {
        public required Job Job { get; init; }

        public string? DatasetId { get; init; }

        public string? DatasetName { get; init; }

        public int? Version { get; init; }
    }
}
