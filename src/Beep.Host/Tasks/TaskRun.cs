using System.Text;
using System.Text.Json;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Tasks;

/// <summary>What a handler has of the task that it does.</summary>
internal sealed class TaskRun : IAsyncDisposable
{
    /// <summary>Which GPUs a child may use, by their numbers.</summary>
    public const string GpuVariable = "CUDA_VISIBLE_DEVICES";

    /// <summary>CUDA counts the fastest first unless told to; nvidia-smi, by whose numbers GPUs are named here, counts along the bus.</summary>
    public const string GpuOrderVariable = "CUDA_DEVICE_ORDER";
    private const string BusOrder = "PCI_BUS_ID";

    private readonly TaskStore _store;
    private readonly TaskLease _lease;
    private readonly TimeProvider _time;
    private readonly TaskProgress _progress;
    private readonly OutputLog _log;
    private readonly Action _lost;
    private readonly Lock _gate = new();
    private readonly List<ChildProcess> _children = [];
    private readonly SemaphoreSlim _starting = new(1, 1);
    private readonly ProcessIdentity? _adopted;
    private bool _isEnding;

    public TaskRun(TaskRow row, TaskLease lease, IReadOnlyList<int> gpus, ProcessIdentity? adopted, TaskStore store, TaskOptions options, HostPaths paths, TimeProvider time, Action lost)
    {
        (_store, _lease, _time, _lost, _adopted) = (store, lease, time, lost, adopted);
        (Id, OwnerId, Attempt, Gpus, CorrelationId) = (row.Id, row.OwnerId, row.Attempts, gpus, row.CorrelationId);
        Input = JsonSerializer.Deserialize<JsonElement>(row.Input ?? "{}", TaskJson.Options);
        Folder = Path.Combine(paths.TaskFolders, row.Id);
        _progress = new TaskProgress(store, lease, options, time, lost);
        _log = TaskLog.Open(paths, row.Id, options.LogBytes);
    }

    public string Id { get; }

    public long? OwnerId { get; }

    public string? CorrelationId { get; }

    /// <summary>1 the first time; more when it was begun before and its host was lost.</summary>
    public int Attempt { get; }

    /// <summary>The GPUs that the task has for itself, by their numbers.</summary>
    public IReadOnlyList<int> Gpus { get; }

    public JsonElement Input { get; }

    /// <summary>A private folder for the time of the run, made when it is first needed by a child.</summary>
    public string Folder { get; }

    /// <summary>Whether the host goes and the process stays: the handler ends at once and leaves everything as it is.</summary>
    public bool IsLeaving { get; private set; }

    /// <summary>What was reported last.</summary>
    public string? LastMessage => _progress.Message;

    /// <summary>The input as a type.</summary>
    public T ReadInput<T>() => Input.Deserialize<T>(TaskJson.Options) ?? throw new JsonException("The input is null.");

    /// <summary>Says how far the work is, 0 to 100; may be called as often as is convenient.</summary>
    public Task ReportAsync(int progress, string? message, CancellationToken cancellationToken) => _progress.ReportAsync(progress, message, cancellationToken);

    public Task BeginStepAsync(string name, CancellationToken cancellationToken) => _progress.StepAsync(new TaskStep(name, TaskStep.Running), cancellationToken);

    public Task CompleteStepAsync(string name, string? message, CancellationToken cancellationToken) => _progress.StepAsync(new TaskStep(name, TaskStep.Completed, message), cancellationToken);

    public Task FailStepAsync(string name, string? message, CancellationToken cancellationToken) => _progress.StepAsync(new TaskStep(name, TaskStep.Failed, message), cancellationToken);

    /// <summary>Appends a line to the log.</summary>
    public void Log(string line) => _log.Append(Encoding.UTF8.GetBytes(PlainText.Clean(line) + "\n"));

    /// <summary>The last lines of the log, to say why a child failed.</summary>
    public IReadOnlyList<string> LastLines(int count) => _log.LastLines(count);

    /// <summary>Starts a child whose output goes to the log. It is stored before it may begin, and ended with the run at the latest.</summary>
    public async Task<ChildProcess> StartProcessAsync(ChildProcessStart start, CancellationToken cancellationToken)
    {
        await _starting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isEnding, this);
            PrivateFiles.CreateFolder(Folder);
            var child = ChildProcess.Start(WithGpus(start), Folder, Id, _log, _time);
            Add(child);
            if (child.Group.Leader is { } leader && !await _store.RecordProcessAsync(_lease, leader, cancellationToken).ConfigureAwait(false))
            {
                _lost();
                cancellationToken.ThrowIfCancellationRequested();
                throw new OperationCanceledException("The task was lost to another host.");
            }

            child.LetGo();
            return child;
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>The process that another host started in this attempt and that still runs; null when there is none. Ask once, at the beginning.</summary>
    /// <param name="outputFile">Which file it writes.</param>
    public ChildProcess? Adopt(string outputFile)
    {
        if (_adopted is null)
        {
            return null;
        }

        var child = ChildProcess.Adopt(_adopted, Id, outputFile, _time);
        Add(child);
        return child;
    }

    /// <summary>Lets every child go on without this host; no other begins.</summary>
    public void LeaveProcesses()
    {
        lock (_gate)
        {
            (_isEnding, IsLeaving) = (true, true);
            _children.ForEach(child => child.Leave());
        }
    }

    /// <summary>Ends every child with all that it started; no other begins. Whether none is left.</summary>
    public async Task<bool> EndProcessesAsync(TimeSpan grace)
    {
        await _starting.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            _isEnding = true;
        }
        finally
        {
            _starting.Release();
        }

        var areGone = await Task.WhenAll(Children().Select(child => child.EndAsync(grace))).ConfigureAwait(false);
        return areGone.All(isGone => isGone);
    }

    /// <summary>One that is started while all are let go on is let go on as well.</summary>
    private void Add(ChildProcess child)
    {
        lock (_gate)
        {
            _children.Add(child);
            if (IsLeaving)
            {
                child.Leave();
            }
        }
    }

    private ChildProcess[] Children()
    {
        lock (_gate)
        {
            return [.. _children];
        }
    }

    /// <summary>A child sees the task's own GPUs and no others.</summary>
    private ChildProcessStart WithGpus(ChildProcessStart start) => Gpus.Count == 0
        ? start
        : start with { Environment = new Dictionary<string, string>(start.Environment) { [GpuVariable] = string.Join(',', Gpus), [GpuOrderVariable] = BusOrder } };

    public async ValueTask DisposeAsync()
    {
        foreach (var child in Children())
        {
            await child.DisposeAsync().ConfigureAwait(false);
        }

        await _progress.DisposeAsync().ConfigureAwait(false);
        _log.Dispose();
        _starting.Dispose();
        if (IsLeaving)
        {
            return;
        }

        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It was never made, or holds what cannot be removed now; the clean-up comes by later.
        }
    }
}
