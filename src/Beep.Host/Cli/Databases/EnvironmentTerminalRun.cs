using System.Text;
using Beep.Host.Environments.Making;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;
using Beep.Host.Models;
using Beep.Host.Tasks;

namespace Beep.Host.Cli.Databases;

/// <summary>Work on an environment that a command does: its log is kept where those of tasks are, its progress is a line.</summary>
internal sealed class EnvironmentTerminalRun : IEnvironmentRun, IAsyncDisposable
{
    private readonly OutputLog _log;
    private readonly ProgressLine _line;
    private readonly TimeProvider _time;
    private readonly string _folder;
    private readonly List<ChildProcess> _children = [];
    private string _step = "";

    public EnvironmentTerminalRun(HostPaths paths, Reporter reporter, TimeProvider time)
    {
        (_line, _time) = (new ProgressLine(reporter), time);
        LogPath = TaskLog.PathOf(paths, Id);
        _log = TaskLog.Open(paths, Id, OutputLog.MaxBytes);
        _folder = Path.Combine(paths.TaskFolders, Id);
        PrivateFiles.CreateFolder(_folder);
    }

    public string Id { get; } = PublicId.New();

    public string LogPath { get; }

    public void Log(string line) => _log.Append(Encoding.UTF8.GetBytes(PlainText.Clean(line) + "\n"));

    public IReadOnlyList<string> LastLines(int count) => _log.LastLines(count);

    public Task BeginStepAsync(string name, CancellationToken cancellationToken)
    {
        _step = name;
        return Task.CompletedTask;
    }

    public Task CompleteStepAsync(string name, string? message, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task FailStepAsync(string name, string? message, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ReportAsync(int progress, string? message, CancellationToken cancellationToken) => _line.ShowAsync(new FileProgress(_step, progress, message == _step ? "" : message ?? ""));

    public Task<ChildProcess> StartAsync(ChildProcessStart start, CancellationToken cancellationToken)
    {
        var child = ChildProcess.Start(start, _folder, Id, _log, _time);
        _children.Add(child);
        child.LetGo();
        return Task.FromResult(child);
    }

    /// <summary>Ends the line of progress.</summary>
    public void End() => _line.End();

    public async ValueTask DisposeAsync()
    {
        foreach (var child in _children)
        {
            await child.DisposeAsync().ConfigureAwait(false);
        }

        _log.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
