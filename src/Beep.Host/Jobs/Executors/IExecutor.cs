using Beep.Contracts;
using Beep.Host.Jobs.Placing;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Executors;

/// <summary>Starts job folders somewhere, and finds again what was started by a host that is gone. What a run says is in its folder.</summary>
internal interface IExecutor
{
    /// <summary>What a placement calls it.</summary>
    string Name { get; }

    /// <summary>The run of this folder that was begun before and that this host is to go on with; null where one must be begun. Ask once, at the beginning.</summary>
    /// <param name="run">The task.</param>
    /// <param name="folder">The job folder.</param>
    /// <param name="container">The one that it has, if it runs in one; on this machine it is removed with the run.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    Task<IWorkerRun?> FindAsync(TaskRun run, JobFolder folder, WorkerContainer? container, CancellationToken cancellationToken);

    /// <summary>Begins one in a folder in which none runs.</summary>
    /// <exception cref="FaultException">It cannot be started.</exception>
    Task<IWorkerRun> StartAsync(TaskRun run, JobFolder folder, WorkerCommand command, Placement placement, CancellationToken cancellationToken);
}

/// <summary>A worker that was started somewhere.</summary>
internal interface IWorkerRun
{
    /// <summary>Waits for its end and returns its exit code; null where that cannot be asked.</summary>
    /// <exception cref="OperationCanceledException">The wait was given up; the worker goes on until it is stopped.</exception>
    /// <exception cref="FaultException">It ended for a reason that it could not know, or was lost.</exception>
    Task<int?> WaitAsync(CancellationToken cancellationToken);

    /// <summary>Has it save and stop, ends it where it does not within <paramref name="grace"/>, and returns as <see cref="WaitAsync"/> does.</summary>
    Task<int?> StopAsync(TimeSpan grace);

    /// <summary>The last lines that it printed.</summary>
    IReadOnlyList<string> LastLines(int count);
}

/// <summary>A worker whose turn others decide: it may wait before it begins, and again later.</summary>
internal interface IQueuedRun : IWorkerRun
{
    /// <summary>Is told where it stands, one thing after the other, while somebody waits for its end.</summary>
    Func<RunPlace, Task>? Told { get; set; }
}

internal enum RunPlaceKind
{
    /// <summary>It was handed over.</summary>
    Handed = 1,

    /// <summary>It waits.</summary>
    Waits = 2,

    /// <summary>It runs, for the first time or again.</summary>
    Runs = 3,

    /// <summary>It was stopped, to begin again later.</summary>
    PutBack = 4,

    /// <summary>Nobody can say.</summary>
    Unclear = 5,
}

/// <summary>Where a run stands that others decide over.</summary>
/// <param name="Kind">Waiting or running.</param>
/// <param name="Text">The same for people, without an end.</param>
internal sealed record RunPlace(RunPlaceKind Kind, string Text);
