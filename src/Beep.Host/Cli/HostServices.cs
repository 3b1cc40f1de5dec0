using Beep.Host.Environments;
using Beep.Host.Jobs;

namespace Beep.Host.Cli;

/// <summary>What commands take from outside, so that a test can hand in its own.</summary>
internal sealed record HostServices
{
    public required Terminal Terminal { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>The folder of the program, beside or above which the worker and the shipped files lie.</summary>
    public string ProgramFolder { get; init; } = AppContext.BaseDirectory;

    /// <summary>How workers are started; located when it is needed first.</summary>
    public Func<TrainerProgram>? Trainer { get; init; }

    /// <summary>Where the Python worker is; null for beside or above the program.</summary>
    public Func<PythonWorker>? PythonWorker { get; init; }

    public TrainerProgram LocateTrainer() => Trainer is null ? TrainerProgram.Locate(ProgramFolder) : Trainer();
}
