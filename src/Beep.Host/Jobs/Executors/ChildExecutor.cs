using Beep.Contracts;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Placing;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Executors;

/// <summary>Runs workers as children of the host on this machine. They outlive it, and the next host takes them over.</summary>
internal sealed class ChildExecutor(TimeProvider time) : IExecutor
{
    public string Name => Placement.Local;

    public Task<IWorkerRun?> FindAsync(TaskRun run, JobFolder folder, CancellationToken cancellationToken) =>
        Task.FromResult<IWorkerRun?>(run.Adopt(folder.Output) is { } child ? new ChildRun(child, time) : null);

    public async Task<IWorkerRun> StartAsync(TaskRun run, JobFolder folder, WorkerCommand command, Placement placement, CancellationToken cancellationToken)
    {
        var several = command.InterpreterArguments is not null && run.Gpus.Count > 1 ? command.Distributed("--standalone", $"--nproc-per-node={run.Gpus.Count}") : command;
        var start = new ChildProcessStart(several.FileName, several.Arguments) { WorkingFolder = folder.Root, OutputFile = folder.Output, OutlivesHost = true, Environment = several.Environment };
        return new ChildRun(await run.StartProcessAsync(start, cancellationToken).ConfigureAwait(false), time);
    }

    private sealed class ChildRun(ChildProcess child, TimeProvider time) : IWorkerRun
    {
        public Task<int?> WaitAsync(CancellationToken cancellationToken) => child.WaitAsync(cancellationToken);

        /// <summary>The task asks its children to stop, once; asking twice would end the worker without a checkpoint.</summary>
        public Task<int?> StopAsync(TimeSpan grace) => child.WaitAsync(CancellationToken.None).WaitAsync(grace, time, CancellationToken.None);

        public IReadOnlyList<string> LastLines(int count) => child.LastLines(count);
    }
}
