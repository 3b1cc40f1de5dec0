using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Jobs.Lifecycle;
using Beep.Host.Jobs.Stored;
using Beep.Host.Models;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Retention;

/// <summary>Finds what is past its time. Nothing of a job that waits or runs is, nor what a model of the registry is made of.</summary>
internal sealed class CleanUpFinder(HostDatabase host, FineTuneDatabase fineTune, HostPaths paths, HostOptions options, TimeProvider time)
{
    // What is younger may belong to something that is being made.
    private static readonly TimeSpan Making = TimeSpan.FromHours(1);
    private static readonly TimeSpan ScratchAge = TimeSpan.FromDays(1);

    public async Task<IReadOnlyList<CleanUpItem>> FindAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var jobs = await ReadJobsAsync(cancellationToken).ConfigureAwait(false);
        var held = await HeldAsync(cancellationToken).ConfigureAwait(false);
        var ended = jobs.Values.Where(job => job.State.IsEnd() && job.DeletedAt is null).ToList();
        var artifacts = await ArtifactsAsync(ended, held, cancellationToken).ConfigureAwait(false);
        return
        [
            .. KeepRules.Past(options.Retention.Checkpoints, ended.SelectMany(Checkpoints), now, item => item.JobId!),
            .. KeepRules.Past(options.Retention.Artifacts, artifacts, now),
            .. KeepRules.Past(options.Retention.Logs, ended.SelectMany(Logs), now),
            .. KeepRules.Past(options.Retention.Uploads, Uploads(), now).Where(upload => upload.At < now - Making),
            .. Leftovers(jobs, ended, held, now),
        ];
    }

    private IEnumerable<CleanUpItem> Checkpoints(KnownJob job) =>
        from checkpoint in new JobFolder(paths.Job(job.Id)).ListCheckpoints()
        select new CleanUpItem(CleanUpKind.Checkpoints, checkpoint.Path, JobFiles.SizeOf(checkpoint.Path), WrittenAt(checkpoint.Path)) { JobId = job.Id };

    private IEnumerable<CleanUpItem> Logs(KnownJob job)
    {
        var log = new JobFolder(paths.Job(job.Id)).Output;
        return File.Exists(log) ? [new CleanUpItem(CleanUpKind.Logs, log, JobFiles.SizeOf(log), job.FinishedAt ?? WrittenAt(log)) { JobId = job.Id }] : [];
    }

    private IEnumerable<CleanUpItem> Uploads() => Entries(paths.Uploads).Select(path => new CleanUpItem(CleanUpKind.Uploads, path, JobFiles.SizeOf(path), NewestIn(path)));

    private async Task<List<CleanUpItem>> ArtifactsAsync(List<KnownJob> ended, IReadOnlyCollection<string> held, CancellationToken cancellationToken)
    {
        var bySeq = ended.ToDictionary(job => job.Seq);
        var context = fineTune.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var rows = await context.Set<Artifact>().AsNoTracking().Where(artifact => artifact.RemovedAt == null && artifact.ModelId == null)
            .Select(artifact => new { artifact.JobSeq, artifact.Name, artifact.Bytes, artifact.CreatedAt }).ToListAsync(cancellationToken).ConfigureAwait(false);
        return
        [
            .. from row in rows
               where bySeq.ContainsKey(row.JobSeq)
               let job = bySeq[row.JobSeq]
               let path = Path.Combine(new JobFolder(paths.Job(job.Id)).Artifacts, row.Name)
               where !IsHeld(path, held)
               select new CleanUpItem(CleanUpKind.Artifacts, path, row.Bytes, row.CreatedAt) { JobId = job.Id, Artifact = row.Name },
        ];
    }

    /// <summary>Folders of jobs that are not there or were deleted, scratch, and what was put aside to be removed.</summary>
    private IEnumerable<CleanUpItem> Leftovers(Dictionary<string, KnownJob> jobs, List<KnownJob> ended, IReadOnlyCollection<string> held, DateTimeOffset now)
    {
        foreach (var path in Entries(paths.Jobs).Concat(Entries(Path.Combine(paths.FineTune, "samples"))))
        {
            var job = jobs.GetValueOrDefault(Path.GetFileName(path));
            if ((job is null || job.DeletedAt is not null) && NewestIn(path) < now - Making && !held.Any(model => IsHeld(model, [path])))
            {
                yield return Leftover(path, job?.Id);
            }
        }

        foreach (var folder in ended.Select(job => (Job: job, Folder: new JobFolder(paths.Job(job.Id)))))
        {
            if (Directory.Exists(folder.Folder.Cache) && (folder.Job.FinishedAt ?? now) < now - ScratchAge)
            {
                yield return Leftover(folder.Folder.Cache, folder.Job.Id);
            }

            foreach (var trash in Entries(folder.Folder.Root).Where(JobFiles.IsTrash).Where(path => WrittenAt(path) < now - Making))
            {
                yield return Leftover(trash, folder.Job.Id);
            }
        }

        static CleanUpItem Leftover(string path, string? jobId) => new(CleanUpKind.Leftovers, path, JobFiles.SizeOf(path), NewestIn(path), "leftover") { JobId = jobId };
    }

    private async Task<Dictionary<string, KnownJob>> ReadJobsAsync(CancellationToken cancellationToken)
    {
        var context = fineTune.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        return await context.Set<Job>().AsNoTracking().Select(job => new KnownJob(job.Seq, job.Id, job.State, job.FinishedAt, job.DeletedAt))
            .ToDictionaryAsync(job => job.Id, StringComparer.Ordinal, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Where models of the registry lie.</summary>
    private async Task<IReadOnlyCollection<string>> HeldAsync(CancellationToken cancellationToken)
    {
        var context = host.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var found = await context.Set<Model>().AsNoTracking().Select(model => model.Path).ToListAsync(cancellationToken).ConfigureAwait(false);
        return [.. found.Select(path => Path.GetFullPath(path, paths.Home))];
    }

    private static bool IsHeld(string path, IReadOnlyCollection<string> held) => held.Any(model =>
        model == path || model.StartsWith(path + Path.DirectorySeparatorChar, StringComparison.Ordinal) || path.StartsWith(model + Path.DirectorySeparatorChar, StringComparison.Ordinal));

    private static IEnumerable<string> Entries(string folder) => Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder) : [];

    private static DateTimeOffset WrittenAt(string path) => new(File.GetLastWriteTimeUtc(path));

    /// <summary>When anything in it was written last.</summary>
    private static DateTimeOffset NewestIn(string path) => Directory.Exists(path)
        ? new DirectoryInfo(path).EnumerateFileSystemInfos("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true })
            .Select(entry => new DateTimeOffset(entry.LastWriteTimeUtc)).Append(WrittenAt(path)).Max()
        : WrittenAt(path);

    private sealed record KnownJob(long Seq, string Id, JobState State, DateTimeOffset? FinishedAt, DateTimeOffset? DeletedAt);
}
