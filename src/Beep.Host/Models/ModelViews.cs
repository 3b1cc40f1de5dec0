using Beep.Host.Tasks;

namespace Beep.Host.Models;

/// <summary>A model as it is shown.</summary>
internal sealed record ModelView
{
    public required string Id { get; init; }

    /// <summary><c>publisher/name</c>.</summary>
    public required string Name { get; init; }

    public required ModelKind Kind { get; init; }

    public required ModelOrigin Origin { get; init; }

    public required ModelState State { get; init; }

    /// <summary>How far its preparation is, 0 to 100; null when none goes on.</summary>
    public int? Progress { get; init; }

    /// <summary>What its preparation said last, or why it failed.</summary>
    public string? Message { get; init; }

    public string? Architecture { get; init; }

    public long? Parameters { get; init; }

    public long? Bytes { get; init; }

    /// <summary>SHA-256 over what <c>sha256sum</c> prints for its files in the order of their names.</summary>
    public string? Sha256 { get; init; }

    /// <summary>In tokens.</summary>
    public int? ContextLength { get; init; }

    public required bool HasChatTemplate { get; init; }

    public string? License { get; init; }

    /// <summary>The commit that was downloaded.</summary>
    public string? Revision { get; init; }

    public string? BaseId { get; init; }

    public string? JobId { get; init; }

    public string? DatasetId { get; init; }

    public int? DatasetVersion { get; init; }

    public long? OwnerId { get; init; }

    /// <summary>The task that prepares it or did.</summary>
    public string? TaskId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>A model whose task was added this moment.</summary>
    public static ModelView Added(Model row) => Of(row, null) with { State = row.State, Progress = 0, Message = null };

    /// <param name="row">The model.</param>
    /// <param name="task">Of a model that is being prepared; one that has ended, or is gone, has left it unfinished.</param>
    public static ModelView Of(Model row, TaskRow? task)
    {
        // A task that has completed has made the row ready: the row was read before.
        var isLeft = row.State == ModelState.Preparing && (task is null ? row.TaskId is not null : task.Status is TaskState.Failed or TaskState.Cancelled);
        return new ModelView
        {
            Id = row.Id,
            Name = row.Name,
            Kind = row.Kind,
            Origin = row.Origin,
            State = isLeft ? ModelState.Failed : row.State,
            Progress = row.State == ModelState.Preparing && !isLeft ? task?.Progress ?? 0 : null,
            Message = row.Error ?? (isLeft ? task?.Error ?? "It was stopped before it was whole." : row.State == ModelState.Preparing ? task?.Message : null),
            Architecture = row.Architecture,
            Parameters = row.Parameters,
            Bytes = row.Bytes,
            Sha256 = row.Sha256,
            ContextLength = row.ContextLength,
            HasChatTemplate = row.HasChatTemplate,
            License = row.License,
            Revision = row.Revision,
            BaseId = row.BaseId,
            JobId = row.JobId,
            DatasetId = row.DatasetId,
            DatasetVersion = row.DatasetVersion,
            OwnerId = row.OwnerId,
            TaskId = row.TaskId,
            CreatedAt = row.CreatedAt,
        };
    }
}

/// <summary>A model that another one speaks of.</summary>
internal sealed record ModelLink(string Id, string Name, ModelKind Kind, string? JobId)
{
    public static ModelLink Of(Model row) => new(row.Id, row.Name, row.Kind, row.JobId);
}

/// <summary>A model with its line.</summary>
/// <param name="Model">Itself.</param>
/// <param name="Base">What it was made from; null for a base model, and where the caller may not see it.</param>
/// <param name="Derived">What was made from it, newest first.</param>
internal sealed record ModelDetail(ModelView Model, ModelLink? Base, IReadOnlyList<ModelLink> Derived);

/// <summary>How kinds, origins and states are written.</summary>
internal static class ModelWords
{
    public static string Word(this ModelKind kind) => kind switch
    {
        ModelKind.Base => "base",
        ModelKind.Adapter => "adapter",
        ModelKind.Merged => "merged",
    };

    public static string Word(this ModelOrigin origin) => origin switch
    {
        ModelOrigin.Shipped => "shipped",
        ModelOrigin.Imported => "imported",
        ModelOrigin.Downloaded => "downloaded",
        ModelOrigin.Trained => "trained",
    };

    public static string Word(this ModelState state) => state switch
    {
        ModelState.Preparing => "preparing",
        ModelState.Ready => "ready",
        ModelState.Failed => "failed",
    };
}
