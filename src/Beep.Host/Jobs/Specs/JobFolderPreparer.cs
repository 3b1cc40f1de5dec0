using Beep.Contracts;

namespace Beep.Host.Jobs.Specs;

/// <summary>What a job folder was found to be.</summary>
internal enum JobFolderState
{
    New = 1,
    Unfinished = 2,
    Finished = 3,
}

/// <summary>A job folder that is ready to be run.</summary>
/// <param name="Folder">Where it is.</param>
/// <param name="Spec">Its spec, as it stands in the folder.</param>
/// <param name="State">What the folder was found to be.</param>
internal sealed record PreparedJob(JobFolder Folder, JobSpec Spec, JobFolderState State);

/// <summary>Makes a job folder, or takes up an existing one of the same spec.</summary>
internal static class JobFolderPreparer
{
    /// <summary>Composes the spec that the sources mean for the folder <paramref name="output"/>; writes nothing.</summary>
    /// <exception cref="FaultException">The sources are at fault, or the folder holds something else.</exception>
    public static PreparedJob Inspect(string output, SpecSources sources)
    {
        var folder = new JobFolder(output);
        if (File.Exists(folder.Root))
        {
            throw FaultException.Invalid("out_is_file", $"'{folder.Root}' is a file; a job is a folder.", "Name a folder that does not exist yet.", "--out");
        }

        if (!File.Exists(folder.Spec))
        {
            RequireEmpty(folder);
            return new PreparedJob(folder, SpecComposer.Compose(sources, JobName(folder)), JobFolderState.New);
        }

        var existing = SpecReader.Read(folder.Spec);
        if (!sources.IsEmpty)
        {
            RequireSame(folder, existing, SpecComposer.Compose(sources, existing.JobId));
        }

        var state = JobExit.Read(folder) is { Status: JobStatus.Succeeded } ? JobFolderState.Finished : JobFolderState.Unfinished;
        return new PreparedJob(folder, existing, state);
    }

    /// <summary>Writes the spec of a new job.</summary>
    /// <exception cref="FaultException">The folder cannot be written.</exception>
    public static void Write(PreparedJob job)
    {
        if (job.State != JobFolderState.New)
        {
            return;
        }

        try
        {
            CreatePrivate(job.Folder.Root);
            SpecWriter.Write(job.Folder, job.Spec);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Invalid("unwritable", $"The job folder '{job.Folder.Root}' cannot be written: {error.Message}", "Choose another --out, or free space and correct the permissions.", "--out", error);
        }
    }

    /// <summary>Training data shows in caches and samples, so the folder is for its owner alone.</summary>
    private static void CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static void RequireEmpty(JobFolder folder)
    {
        try
        {
            if (Directory.Exists(folder.Root) && Directory.EnumerateFileSystemEntries(folder.Root).Any(entry => !IsLeftover(entry)))
            {
                throw FaultException.Invalid("out_not_empty", $"'{folder.Root}' holds files but no spec.json, so it is no job folder.", "Name an empty folder or one that does not exist yet.", "--out");
            }
        }
        catch (UnauthorizedAccessException error)
        {
            throw FaultException.Invalid("unreadable", $"'{folder.Root}' cannot be read: {error.Message}", "Choose another --out or correct the permissions.", "--out", error);
        }
    }

    private static bool IsLeftover(string entry) => Path.GetFileName(entry).EndsWith(".partial", StringComparison.Ordinal);

    private static void RequireSame(JobFolder folder, JobSpec existing, JobSpec composed)
    {
        var differences = SpecDifference.Between(existing, composed);
        if (differences.Count > 0)
        {
            throw new FaultException(WorkerExitCode.Invalid, [.. differences.Select(difference => new Fault(
                "spec_differs",
                $"The job in '{folder.Root}' has '{difference.Path}' {difference.Before}; {difference.After} was asked for.",
                "Name another --out, or give --out alone to go on with the job as it stands.",
                difference.Path))]);
        }
    }

    private static string JobName(JobFolder folder)
    {
        const int maxLength = 64;
        var name = new string([.. Path.GetFileName(Path.TrimEndingDirectorySeparator(folder.Root))
            .Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')]).TrimStart('.', '-');
        return name.Length == 0 ? "job" : name[..Math.Min(name.Length, maxLength)];
    }
}
