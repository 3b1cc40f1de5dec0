using System.Text.Json;

namespace Beep.Host.Tasks;

/// <summary>A task as callers see it.</summary>
internal sealed record TaskView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Kind { get; init; }

    public required string Status { get; init; }

    public required int Progress { get; init; }

    public string? Message { get; init; }

    public IReadOnlyList<TaskStep> Steps { get; init; } = [];

    public JsonElement? Result { get; init; }

    public TaskErrorView? Error { get; init; }

    public long? OwnerId { get; init; }

    public required string ResourceClass { get; init; }

    public required int Attempts { get; init; }

    /// <summary>Whether it is wanted to stop, while it runs.</summary>
    public bool IsCancelling { get; init; }

    public string? CorrelationId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; init; }

    public static TaskView Of(TaskRow row) => new()
    {
        Id = row.Id,
        Name = row.Name,
        Kind = row.Kind,
        Status = row.Status.Word(),
        Progress = row.Progress,
        Message = row.Message,
        Steps = row.Steps is null ? [] : JsonSerializer.Deserialize<List<TaskStep>>(row.Steps, TaskJson.Options)!,
        Result = row.Result is null ? null : JsonSerializer.Deserialize<JsonElement>(row.Result, TaskJson.Options),
        Error = row.Error is null ? null : new TaskErrorView(row.ErrorCode ?? "", row.Error, row.ErrorRemedy ?? ""),
        OwnerId = row.OwnerId,
        ResourceClass = row.ResourceClass,
        Attempts = row.Attempts,
        IsCancelling = row.CancelRequestedAt is not null && !row.Status.IsEnd(),
        CorrelationId = row.CorrelationId,
        CreatedAt = row.CreatedAt,
        StartedAt = row.StartedAt,
        CompletedAt = row.CompletedAt,
    };
}

/// <summary>Why a task failed.</summary>
internal sealed record TaskErrorView(string Code, string Message, string Remedy);

/// <summary>How the JSON of tasks is written, in the tables and on the wire.</summary>
internal static class TaskJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = false };
}
