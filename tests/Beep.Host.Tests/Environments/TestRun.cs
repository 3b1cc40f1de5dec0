using System.Text;
using Beep.Host.Environments.Making;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Tests.Environments;

/// <summary>A run of its own, without a task.</summary>
internal sealed class TestRun : IEnvironmentRun, IAsyncDisposable
{
    private readonly string _folder;
    private readonly OutputLog _log;
    private readonly List<ChildProcess> _children = [];

    public TestRun(HostPaths paths)
    {
        _folder = Directory.CreateDirectory(Path.Combine(paths.Home, $"run-{Id}")).FullName;
        _log = new OutputLog(Path.Combine(_folder, "log"));
    }

    public string Id { get; } = PublicId.New();

    public void Log(string line) => _log.Append(Encoding.UTF8.GetBytes(line + "\n"));

    public IReadOnlyList<string> LastLines(int count) => _log.LastLines(count);

    public Task BeginStepAsync(string name, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task CompleteStepAsync(string name, string? message, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task FailStepAsync(string name, string? message, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ReportAsync(int progress, string? message, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<ChildProcess> StartAsync(ChildProcessStart start, CancellationToken cancellationToken)
    {
        var child = ChildProcess.Start(start, _folder, Id, _log, TimeProvider.System);
        _children.Add(child);
        child.LetGo();
        return Task.FromResult(child);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var child in _children)
        {
            await child.DisposeAsync();
        }

        _log.Dispose();
    }
}
