using System.Text.Json.Nodes;

namespace Beep.Host.Tasks;

/// <summary>Does the work of one kind of task. There is one handler for each kind; register it as a singleton.</summary>
internal interface ITaskHandler
{
    /// <summary>What its tasks are called: <c>audit.verify</c>.</summary>
    string Kind { get; }

    /// <summary>What a task takes of the machine, where whoever adds it does not say.</summary>
    string ResourceClass => Tasks.ResourceClass.Io;

    /// <summary>What a task needs of the GPUs that it gets; null for nothing in particular.</summary>
    GpuNeed? NeedOf(TaskRow task) => null;

    /// <summary>What becomes of a task whose host stopped or died.</summary>
    WhenLost WhenLost => WhenLost.Restart;

    /// <summary>How people start one; null when only the program does.</summary>
    TaskStart? Start => null;

    /// <summary>How often the host itself wants one; null when it does not.</summary>
    TaskRepeat? Repeat => null;

    /// <summary>
    /// Does the work and returns what came out. Throws <see cref="Contracts.FaultException"/> to fail with a reason that people see, and
    /// <see cref="OperationCanceledException"/> once <paramref name="cancellationToken"/> wants it to stop.
    /// </summary>
    Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken);
}

/// <summary>What becomes of a task whose host stopped or died; its processes are ended first, unless it says otherwise.</summary>
internal enum WhenLost
{
    /// <summary>It begins again, by itself from a checkpoint if it has one. Doing it again must do no harm.</summary>
    Restart = 1,

    /// <summary>It fails.</summary>
    Fail = 2,

    /// <summary>
    /// Its process goes on while the host is started again, or is dead, and the next host of the machine takes it over:
    /// the handler is called again in the same attempt and finds the process in <see cref="TaskRun.Adopt"/>. Where the process is gone
    /// it begins again. It must have been started with <see cref="Hosting.Processes.ChildProcessStart.OutlivesHost"/>. A host that is told to
    /// stop ends it like any other. A task of the class <see cref="ResourceClass.Remote"/> has no process: every host may go on with it at any time.
    /// </summary>
    Adopt = 3,
}

/// <summary>That people may start a kind of task, without input.</summary>
/// <param name="Permission">Who may.</param>
/// <param name="Name">What the task is called.</param>
internal sealed record TaskStart(string Permission, string Name);

/// <summary>That the host wants a kind of task now and then, without input; one at a time among all hosts.</summary>
/// <param name="Name">What the task is called.</param>
/// <param name="Every">How long after the last one was added.</param>
internal sealed record TaskRepeat(string Name, TimeSpan Every);
