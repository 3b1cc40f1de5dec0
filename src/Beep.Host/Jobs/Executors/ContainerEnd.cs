using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Jobs.Executors;

/// <summary>Removes containers whose engine was ended, or lost with its host: its daemon, or its monitor, would keep them.</summary>
internal static class ContainerEnd
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Ends and removes a container if it is there. What cannot be removed is met by name when the next one starts, which says so.</summary>
    public static Task RemoveAsync(WorkerContainer? container, CancellationToken cancellationToken) => container is null
        ? Task.CompletedTask
        : CommandRun.RunAsync(container.Engine, ["rm", "--force", container.Name], EngineEnvironment.With(new Dictionary<string, string>(), Environment.GetEnvironmentVariable), Limit, cancellationToken);
}
