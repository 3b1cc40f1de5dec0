using Beep.Contracts;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Placing;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Executors;

/// <summary>Runs workers as children of the host on this machine. They outlive it, and the next host takes them over.</summary>
internal sealed class ChildExecutor(TimeProvider time) : IExecutor
{
    public string Name => Placement.Local;

    public async Task<IWorkerRun?> FindAsync(TaskRun run, JobFolder folder, WorkerContainer? container, CancellationToken cancellationToken)
    {
        if (run.Adopt(folder.Output) is { } child)
        {
            return new ChildRun(child, container, time);
        }

        // Of a container only the engine may have been lost; it would go on beside the next one.
        await ContainerEnd.RemoveAsync(container, cancellationToken).ConfigureAwait(false);
        return null;
    }

    public async Task<IWorkerRun> StartAsync(TaskRun run, JobFolder folder, WorkerCommand command, Placement placement, CancellationToken cancellationToken)
    {
        await ContainerEnd.RemoveAsync(command.Container, cancellationToken).ConfigureAwait(false);
        var several = run.Gpus.Count > 1 ? command.Several(run.Gpus.Count) : command;
        var start = new ChildProcessStart(several.FileName, several.Arguments) { WorkingFolder = folder.Root, OutputFile = folder.Output, OutlivesHost = true, Environment = several.Environment };
        return new ChildRun(await run.StartProcessAsync(start, cancellationToken).ConfigureAwait(false), command.Container, time);
    }

    private sealed class ChildRun(ChildProcess child, WorkerContainer? container, TimeProvider time) : IWorkerRun
    {
        public async Task<int?> WaitAsync(CancellationToken cancellationToken) => await EndedAsync(await child.WaitAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);

        /// <summary>The task asks its children to stop, once; asking twice would end the worker without a checkpoint.</summary>
        public async Task<int?> StopAsync(TimeSpan grace) =>
            await EndedAsync(await child.WaitAsync(CancellationToken.None).WaitAsync(grace, time, CancellationToken.None).ConfigureAwait(false)).ConfigureAwait(false);

        public IReadOnlyList<string> LastLines(int count) => child.LastLines(count);

        private async Task<int?> EndedAsync(int? exitCode)
        {
            await ContainerEnd.RemoveAsync(container, CancellationToken.None).ConfigureAwait(false);
            return exitCode;
        }
    }
}
