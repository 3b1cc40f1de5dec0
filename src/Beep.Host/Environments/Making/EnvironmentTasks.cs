using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Environments.Stored;
using Beep.Host.Tasks;

namespace Beep.Host.Environments.Making;

/// <summary>What every task of an environment is told.</summary>
internal sealed record EnvironmentInput(string EnvironmentId);

/// <summary>Makes an environment.</summary>
internal sealed class CreateEnvironment(EnvironmentBuilder builder) : ITaskHandler
{
    public const string KindName = "environment.create";

    public string Kind => KindName;

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken) =>
        TaskResult.Of(await builder.CreateAsync(run.ReadInput<EnvironmentInput>().EnvironmentId, new EnvironmentTaskRun(run), AuditActors.System, cancellationToken));
}

/// <summary>Verifies an environment.</summary>
internal sealed class VerifyEnvironment(EnvironmentBuilder builder) : ITaskHandler
{
    public const string KindName = "environment.verify";

    public string Kind => KindName;

    /// <summary>Two steps of training compute.</summary>
    public string ResourceClass => Tasks.ResourceClass.Cpu;

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken) =>
        TaskResult.Of(await builder.VerifyAsync(run.ReadInput<EnvironmentInput>().EnvironmentId, new EnvironmentTaskRun(run), AuditActors.System, cancellationToken));
}

/// <summary>Repairs an environment.</summary>
internal sealed class RepairEnvironment(EnvironmentBuilder builder) : ITaskHandler
{
    public const string KindName = "environment.repair";

    public string Kind => KindName;

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken) =>
        TaskResult.Of(await builder.RepairAsync(run.ReadInput<EnvironmentInput>().EnvironmentId, new EnvironmentTaskRun(run), AuditActors.System, cancellationToken));
}

/// <summary>Removes an environment.</summary>
internal sealed class RemoveEnvironment(EnvironmentBuilder builder) : ITaskHandler
{
    public const string KindName = "environment.remove";

    public string Kind => KindName;

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        await builder.RemoveAsync(run.ReadInput<EnvironmentInput>().EnvironmentId, new EnvironmentTaskRun(run), AuditActors.System, cancellationToken);
        return null;
    }
}

/// <summary>What they tell of themselves.</summary>
internal static class TaskResult
{
    public static JsonObject Of(EnvironmentRow row) => new()
    {
        ["environment_id"] = row.Id,
        ["name"] = row.Name,
        ["python_version"] = row.PythonVersion,
        ["packages"] = row.Packages,
        ["bytes"] = row.Bytes,
        ["lock_sha256"] = row.LockSha256,
    };
}
