using System.Security.Claims;
using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs.Placing;
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
internal sealed class JobReader(FineTuneDatabase database, PrivilegeService privileges, JobQueue queue, HostPaths paths, TimeProvider time)
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
        var rows = await WithSources(context, jobs.OrderByDescending(job => job.Seq).Take(page.Size + 1)).ToListAsync(cancellationToken);
        var cut = page.Cut(rows, row => row.Seq);
        // Nobody waits in most lists.
        var waiting = cut.Items.Any(row => row.State == JobState.Queued) ? await queue.ReadAsync([], cancellationToken) : null;
        return new Page<JobView>([.. cut.Items.Select(row => Item(row, waiting))], cut.Next);
    }

    /// <summary>One job with everything; who may see it was asked before.</summary>
    public async Task<JobView> ReadAsync(string id, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var row = await WithSources(context, context.Set<Job>().AsNoTracking().Where(job => job.Id == id)).SingleAsync(cancellationToken);
        var job = await context.Set<Job>().AsNoTracking().SingleAsync(found => found.Seq == row.Seq, cancellationToken);
        var artifacts = await context.Set<Artifact>().AsNoTracking().Where(artifact => artifact.JobSeq == job.Seq).OrderBy(artifact => artifact.Seq)
            .Select(artifact => new ArtifactView(artifact.Name, artifact.Bytes, artifact.Sha256, artifact.ModelId, artifact.CreatedAt, artifact.RemovedAt)).ToListAsync(cancellationToken);
        var validation = job.ValidationVersionSeq is { } seq
            ? await (from version in context.Set<DatasetVersion>() join dataset in context.Set<Dataset>() on version.DatasetSeq equals dataset.Seq where version.Seq == seq select new JobDataset(dataset.Id, dataset.Name, version.Number)).SingleOrDefaultAsync(cancellationToken)
            : null;
        return Item(row, row.State == JobState.Queued ? await queue.ReadAsync([], cancellationToken) : null, isWhole: true) with
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

    /// <summary>What lists show: the large texts of a job stay where they are.</summary>
    private static IQueryable<JobRow> WithSources(FineTuneDbContext context, IQueryable<Job> jobs) =>
        from job in jobs
        join version in context.Set<DatasetVersion>() on job.DatasetVersionSeq equals version.Seq into versions
        from version in versions.DefaultIfEmpty()
        join dataset in context.Set<Dataset>() on version.DatasetSeq equals dataset.Seq into datasets
        from dataset in datasets.DefaultIfEmpty()
        orderby job.Seq descending
        select new JobRow
        {
            Seq = job.Seq,
            State = job.State,
            Error = job.Error,
            ErrorCode = job.ErrorCode,
            ErrorRemedy = job.ErrorRemedy,
            Placement = job.Placement,
            View = new JobView
            {
                Id = job.Id,
                Name = job.Name,
                State = "",
                OwnerId = job.OwnerId,
                Model = new JobModel(job.ModelId, job.ModelName),
                Dataset = new JobDataset(dataset.Id ?? "", dataset.Name ?? "removed", (int?)version.Number ?? 0),
                Preset = job.Preset,
                Backend = job.Backend,
                Method = job.Method,
                Priority = job.Priority,
                Revision = job.Revision,
                Actions = new List<string>(),
                Step = job.Step,
                TotalSteps = job.TotalSteps,
                Loss = job.Loss,
                EvaluationLoss = job.EvaluationLoss,
                TrainedTokens = job.TrainedTokens,
                DeviceSeconds = job.DeviceSeconds,
                ParentId = job.ParentId,
                TaskId = job.TaskId,
                CreatedAt = job.CreatedAt,
                QueuedAt = job.QueuedAt,
                StartedAt = job.StartedAt,
                FinishedAt = job.FinishedAt,
            },
        };

    private JobView Item(JobRow row, QueueView? queue, bool isWhole = false)
    {
        var placement = Placement.Read(row.Placement);
        // A file each, and in lists only of jobs that somebody may wait for.
        var cluster = placement.Executor == Placement.Slurm && (isWhole || row.State is JobState.Running or JobState.Cancelling) ? ClusterView.Read(new JobFolder(paths.Job(row.View.Id)), row.State.IsEnd() ? null : row.View.TaskId ?? "") : null;
        return Item(row) with
        {
            Placement = placement,
            Cluster = cluster,
            Queue = row.State == JobState.Running && cluster?.Waiting is { } reason
                ? new QueuePlace(null, $"{reason}.", cluster.StartsAt is { } starts ? Math.Round(Math.Max(0, (starts - time.GetUtcNow()).TotalSeconds)) : null)
                : queue?.PlaceOf(row.View.Id),
        };
    }

    private static JobView Item(JobRow row) => row.View with
    {
        State = row.State.Word(),
        Actions = JobView.ActionsOf(row.State),
        DeviceSeconds = Math.Round(row.View.DeviceSeconds, 1),
        Error = JobErrorView.Of(row.ErrorCode, row.Error, row.ErrorRemedy),
    };

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);

    private sealed class JobRow
    {
        public required long Seq { get; init; }

        public required JobState State { get; init; }

        public string? Error { get; init; }

        public string? ErrorCode { get; init; }

        public string? ErrorRemedy { get; init; }

        public string? Placement { get; init; }

        /// <summary>What the columns say; the rest is worked out.</summary>
        public required JobView View { get; init; }
    }
}
