using Beep.Host.Hosting.Processes;
using Beep.Host.Tasks;

namespace Beep.Host.Environments.Making;

/// <summary>Work on an environment as whoever wanted it sees it: a task of the server, or a command.</summary>
internal interface IEnvironmentRun
{
    /// <summary>What processes of it are found by.</summary>
    string Id { get; }

    /// <summary>Appends a line to the log.</summary>
    void Log(string line);

    /// <summary>The last lines of the log.</summary>
    IReadOnlyList<string> LastLines(int count);

    Task BeginStepAsync(string name, CancellationToken cancellationToken);

    Task CompleteStepAsync(string name, string? message, CancellationToken cancellationToken);

    Task FailStepAsync(string name, string? message, CancellationToken cancellationToken);

    /// <summary>Says how far the work is, 0 to 100.</summary>
    Task ReportAsync(int progress, string? message, CancellationToken cancellationToken);

    /// <summary>Starts a child whose output goes to the log, ended with the run at the latest.</summary>
    Task<ChildProcess> StartAsync(ChildProcessStart start, CancellationToken cancellationToken);
}

/// <summary>A run that is a task.</summary>
internal sealed class EnvironmentTaskRun(TaskRun run) : IEnvironmentRun
{
    public string Id => run.Id;

    public void Log(string line) => run.Log(line);

    public IReadOnlyList<string> LastLines(int count) => run.LastLines(count);

    public Task BeginStepAsync(string name, CancellationToken cancellationToken) => run.BeginStepAsync(name, cancellationToken);

    public Task CompleteStepAsync(string name, string? message, CancellationToken cancellationToken) => run.CompleteStepAsync(name, message, cancellationToken);

    public Task FailStepAsync(string name, string? message, CancellationToken cancellationToken) => run.FailStepAsync(name, message, cancellationToken);

    public Task ReportAsync(int progress, string? message, CancellationToken cancellationToken) => run.ReportAsync(progress, message, cancellationToken);

    public Task<ChildProcess> StartAsync(ChildProcessStart start, CancellationToken cancellationToken) => run.StartProcessAsync(start, cancellationToken);
}
