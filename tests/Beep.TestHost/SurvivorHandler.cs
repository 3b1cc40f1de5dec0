using System.Text.Json.Nodes;
using Beep.Host.Hosting.Processes;
using Beep.Host.Tasks;

namespace Beep.TestHost;

/// <summary>Starts a child that goes on without its host, writes down each time that one begins, and ends when the file <c>release</c> is there.</summary>
internal sealed class SurvivorHandler : ITaskHandler
{
    private const string Script = """
        echo $$ >> "$2/$1.pids"
        while [ -d "$2" ] && [ ! -e "$2/release" ]; do sleep 0.2; done
        echo done
        """;

    public string Kind => "test.survivor";

    public WhenLost WhenLost => WhenLost.Adopt;

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var folder = run.Input.GetProperty("folder").GetString()!;
        var output = Path.Combine(folder, $"{run.Id}.output");
        var adopted = run.Adopt(output);
        var child = adopted
            ?? await run.StartProcessAsync(new ChildProcessStart("/bin/sh", "-c", Script, "test", run.Id, folder) { OutputFile = output, OutlivesHost = true }, cancellationToken);
        await run.ReportAsync(1, adopted is null ? "began" : "goes on", cancellationToken);
        await child.WaitAsync(cancellationToken);
        return new JsonObject { ["said"] = string.Join(' ', child.LastLines(5)) };
    }
}
