using Beep.Host.Environments.Making;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Environments.Stored;
using Beep.Host.Tasks;

namespace Beep.Host.Environments.Api;

/// <summary>An environment as it is shown.</summary>
internal sealed record EnvironmentView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required EnvironmentOrigin Origin { get; init; }

    public required EnvironmentState State { get; init; }

    /// <summary>How far the work on it is, 0 to 100; null when none goes on.</summary>
    public int? Progress { get; init; }

    /// <summary>What the work on it said last, or why it cannot be used.</summary>
    public string? Message { get; init; }

    public string? Preset { get; init; }

    public string? PythonVersion { get; init; }

    public string? Architecture { get; init; }

    public string? Installer { get; init; }

    public int? Packages { get; init; }

    /// <summary>On disk; null where its files are not the host's.</summary>
    public long? Bytes { get; init; }

    /// <summary>Its interpreter; only for those who may change environments.</summary>
    public string? PythonPath { get; init; }

    /// <summary>The interpreter that it was made from; only for those who may change environments.</summary>
    public string? BasePython { get; init; }

    /// <summary>Where its packages come from; only for those who may change environments.</summary>
    public string? Source { get; init; }

    /// <summary>SHA-256 of its lock file.</summary>
    public string? LockSha256 { get; init; }

    /// <summary>What its last check that passed found; null before there was one.</summary>
    public EnvironmentReport? Report { get; init; }

    public DateTimeOffset? VerifiedAt { get; init; }

    /// <summary>The task that works on it or did last.</summary>
    public string? TaskId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <param name="row">The environment.</param>
    /// <param name="task">Of it, while it waits or runs.</param>
    /// <param name="pythonPath">Its interpreter; null for a caller who is not told where things are.</param>
    public static EnvironmentView Of(EnvironmentRow row, TaskRow? task, string? pythonPath)
    {
        var isBusy = task is not null && !task.Status.IsEnd();
        return new EnvironmentView
        {
            Id = row.Id,
            Name = row.Name,
            Origin = row.Origin,
            State = EnvironmentStates.Of(row, isBusy),
            Progress = isBusy ? task!.Progress : null,
            Message = isBusy ? task!.Message : row.Error ?? EnvironmentStates.LeftOver(row, isBusy),
            Preset = row.Preset,
            PythonVersion = row.PythonVersion,
            Architecture = row.Architecture,
            Installer = row.Installer,
            Packages = row.Packages,
            Bytes = row.Bytes,
            PythonPath = pythonPath,
            BasePython = pythonPath is null ? null : row.BasePython,
            Source = pythonPath is null || row.Origin != EnvironmentOrigin.Created ? null : row.Wheelhouse ?? PackageSource.Describe(row.IndexAddress, row.ExtraIndexAddress),
            LockSha256 = row.LockSha256,
            Report = EnvironmentReport.Read(row.Report),
            VerifiedAt = row.VerifiedAt,
            TaskId = row.TaskId,
            CreatedAt = row.CreatedAt,
        };
    }
}

/// <summary>A runtime as it is shown.</summary>
internal sealed record RuntimeView
{
    /// <summary>Stable as long as it stays where it is.</summary>
    public required string Id { get; init; }

    public required string Path { get; init; }

    public required RuntimeSource Source { get; init; }

    public required string Version { get; init; }

    public required string Implementation { get; init; }

    public required string Architecture { get; init; }

    public required bool HasVenv { get; init; }

    public required bool HasEnsurePip { get; init; }

    /// <summary>Whether it belongs to an environment of venv or conda already.</summary>
    public required bool IsEnvironment { get; init; }

    /// <summary>Why no environment can be made from it.</summary>
    public string? Problem { get; init; }

    public static RuntimeView Of(PythonRuntime runtime) => new()
    {
        Id = runtime.Id,
        Path = runtime.Path,
        Source = runtime.Source,
        Version = runtime.Version,
        Implementation = runtime.Implementation,
        Architecture = runtime.Architecture,
        HasVenv = runtime.HasVenv,
        HasEnsurePip = runtime.HasEnsurePip,
        IsEnvironment = runtime.IsEnvironment,
        Problem = runtime.Problem,
    };
}

/// <summary>What an environment can be made of.</summary>
/// <param name="Name">What requests call it.</param>
/// <param name="Title">What it is.</param>
/// <param name="Requirements">The pinned requirements; null where they did not come with the program.</param>
/// <param name="MostPython">The newest Python that all of them are made for.</param>
/// <param name="Bytes">About so much of the disk it takes.</param>
internal sealed record PresetView(string Name, string Title, string? Requirements, string MostPython, long Bytes)
{
    public static PresetView Of(EnvironmentPreset preset, string? requirements) => new(preset.Name, preset.Title, requirements, preset.MostPython.ToString(), preset.Bytes);
}
