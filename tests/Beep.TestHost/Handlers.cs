using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;
using Beep.Host.Tasks;

namespace Beep.TestHost;

/// <summary>Makes a file for each time that it is run.</summary>
internal sealed class CountHandler : ITaskHandler
{
    public string Kind => "test.count";

    public Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var folder = run.Input.GetProperty("folder").GetString()!;
        File.WriteAllText(Path.Combine(folder, $"{run.Id}.{Guid.NewGuid():N}"), "");
        return Task.FromResult<JsonObject?>(null);
    }
}

/// <summary>
/// Starts a child with a grandchild. Both hold a lock of the task, so that a second pair beside the first fails; they end when the file
/// <c>release</c> is there, or the folder is not.
/// </summary>
internal sealed class ProcessHandler : ITaskHandler
{
    private const string Script = """
        echo $$ >> "$2/$1.pids"
        (while [ -d "$2" ] && [ ! -e "$2/release" ]; do sleep 0.2; done) &
        wait
        echo done >> "$2/$1.done"
        """;

    public string Kind => "test.process";

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var folder = run.Input.GetProperty("folder").GetString()!;
        var child = await run.StartProcessAsync(
            new ChildProcessStart("/usr/bin/flock", "-n", "-E", "77", Path.Combine(folder, run.Id + ".lock"), "/bin/sh", "-c", Script, "test", run.Id, folder),
            cancellationToken);
        var code = await child.WaitAsync(cancellationToken);
        return code == 0 ? null : throw FaultException.Failed("child_failed", $"The child ended with {code}.", "Look for a second one.");
    }
}
