using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Queueing;
using Beep.Host.Jobs.Stored;

namespace Beep.Host.Jobs.Api;

/// <summary>A job as callers see it.</summary>
internal sealed record JobView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary><c>draft validating queued running cancelling succeeded failed cancelled</c></summary>
    public required string State { get; init; }

    public required long OwnerId { get; init; }

    public required JobModel Model { get; init; }

    public required JobDataset Dataset { get; init; }

    public string? Preset { get; init; }

    public required string Backend { get; init; }

    public required string Method { get; init; }

    public Placement Placement { get; init; } = Placement.Default;

    public required int Priority { get; init; }

    /// <summary>Rises with every change of its state or its settings.</summary>
    public required int Revision { get; init; }

    public required long Step { get; init; }

    public required long TotalSteps { get; init; }

    public double? Loss { get; init; }

    public double? EvaluationLoss { get; init; }

    public required long TrainedTokens { get; init; }

    /// <summary>How long devices were held, over all starts.</summary>
    public required double DeviceSeconds { get; init; }

    /// <summary>Where it stands; null for one that does not wait.</summary>
    public QueuePlace? Queue { get; init; }

    /// <summary>Its run on the cluster; null for one that runs here, or was not handed over yet.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ClusterView? Cluster { get; init; }

    public JobErrorView? Error { get; init; }

    /// <summary>The job that it repeats or was cloned from.</summary>
    public string? ParentId { get; init; }

    public string? TaskId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? QueuedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>What can be done with it in this state: <c>start cancel restart resume clone reproduce delete</c>.</summary>
    public required IReadOnlyList<string> Actions { get; init; }

    /// <summary>From here on: of one job alone, and left out of lists.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JobDataset? Validation { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Suffix { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonNode? Metadata { get; init; }

    /// <summary>With ids in the place of paths.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonNode? Spec { get; init; }

    /// <summary>What the planner said before the start.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonNode? Plan { get; init; }

    /// <summary>The figures of the finished run.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonNode? Summary { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ArtifactView>? Artifacts { get; init; }

    public static IReadOnlyList<string> ActionsOf(JobState state) => state switch
    {
        JobState.Draft => ["start", "clone", "delete"],
        JobState.Queued or JobState.Running => ["cancel", "clone"],
        JobState.Validating or JobState.Cancelling => ["clone"],
        JobState.Succeeded => ["restart", "clone", "reproduce", "delete"],
        _ => ["resume", "restart", "clone", "reproduce", "delete"],
    };

    public static JsonNode? Parse(string? json) => json is null ? null : JsonNode.Parse(json);
}

internal sealed record JobModel(string Id, string Name);

internal sealed record JobDataset(string Id, string Name, int Version);

/// <summary>Why a job failed.</summary>
internal sealed record JobErrorView(string Code, string Message, string Remedy)
{
    public static JobErrorView? Of(string? code, string? message, string? remedy) => message is null ? null : new JobErrorView(code ?? "failed", message, remedy ?? "");
}

internal sealed record ArtifactView(string Name, long Bytes, string Sha256, string? ModelId, DateTimeOffset CreatedAt, DateTimeOffset? RemovedAt);

/// <summary>A preset with what it sets.</summary>
internal sealed record PresetView(string Name, string Description, bool IsDefault, JsonElement Spec);
