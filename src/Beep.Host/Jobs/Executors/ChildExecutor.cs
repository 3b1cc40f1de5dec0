using Beep.Contracts;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Placing;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Executors;

/// <summary>Runs workers as children of the host on this machine. They outlive it, and the next host takes them over.</summary>
internal sealed class ChildExecutor(TimeProvider time) : IExecutor
{
    public string Name => Placement.Local;

    /// <remarks>A container of which only the engine was lost is removed when the next one is started, and not here.</remarks>
    public Task<IWorkerRun?> FindAsync(TaskRun run, JobFolder folder, CancellationToken cancellationToken) =>
        Task.FromResult<IWorkerRun?>(run.Adopt(folder.Output) is { } child ? new ChildRun(child, null, time) : null);

    public async Task<IWorkerRun> StartAsync(TaskRun run, JobFolder folder, WorkerCommand command, Placement placement, CancellationToken cancellationToken)
    {
        if (command.Container is { } former)
        {
            await ContainerEnd.RemoveAsync(former, cancellationToken).ConfigureAwait(false);
        }

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
            if (container is not null)
            {
                await ContainerEnd.RemoveAsync(container, CancellationToken.None).ConfigureAwait(false);
            }

            return exitCode;
        }
    }
}
