using System.Text.Json.Nodes;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Retention;

/// <summary>Removes once a day what is past its time, and says in its log what that was.</summary>
internal sealed class CleanUpHandler(CleanUp cleanUp, HostPaths paths) : ITaskHandler
{
    private const string TaskName = "Remove files that are past their time";

    public string Kind => "finetune.cleanup";

    public TaskStart? Start { get; } = new(Permissions.SystemAdmin, TaskName);

    public TaskRepeat? Repeat { get; } = new(TaskName, TimeSpan.FromDays(1));

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var (count, bytes) = (0, 0L);
        var result = await cleanUp.RunAsync(item =>
        {
            run.Log(CleanUpResult.Describe(item, paths));
            (count, bytes) = (count + 1, bytes + item.Bytes);
            return run.ReportAsync(0, $"{Units.Bytes(bytes)} in {Units.Count(count, "piece")} removed", cancellationToken);
        }, cancellationToken).ConfigureAwait(false);
        foreach (var (item, reason) in result.Failed)
        {
            run.Log($"not removed: {CleanUpResult.Describe(item, paths)}: {reason}");
        }

        await run.ReportAsync(100, $"{Units.Bytes(result.Bytes)} in {Units.Count(result.Items.Count, "piece")} removed", cancellationToken).ConfigureAwait(false);
        return new JsonObject
        {
            ["removed"] = result.Items.Count,
            ["bytes"] = result.Bytes,
            ["not_removed"] = result.Failed.Count,
            ["kinds"] = new JsonObject(result.ByKind.Select(kind => KeyValuePair.Create(kind.Kind.ToString().ToLowerInvariant(), (JsonNode?)new JsonObject { ["count"] = kind.Count, ["bytes"] = kind.Bytes }))),
        };
    }
}
