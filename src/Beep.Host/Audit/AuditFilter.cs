namespace Beep.Host.Audit;

/// <summary>Which rows are wanted; what is null is not asked for.</summary>
internal sealed record AuditFilter
{
    /// <summary>The actor's name or id.</summary>
    public string? Actor { get; init; }

    public string? Action { get; init; }

    public string? ResourceType { get; init; }

    public string? ResourceId { get; init; }

    public AuditOutcome? Outcome { get; init; }

    public DateTimeOffset? From { get; init; }

    /// <summary>Before this instant.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>The rows in parts that may overlap, each of which an index has in the order of the log. An actor by id or by name in one query would be all rows of the actor, sorted, or the whole table.</summary>
    public IReadOnlyList<IQueryable<AuditRow>> Split(IQueryable<AuditRow> rows)
    {
        if (Actor is not { Length: > 0 } actor)
        {
            return [Apply(rows)];
        }

        var others = (this with { Actor = null }).Apply(rows);
        return [others.Where(row => row.ActorId == actor), others.Where(row => row.ActorName == actor)];
    }

    public IQueryable<AuditRow> Apply(IQueryable<AuditRow> rows)
    {
        if (Actor is { Length: > 0 } actor)
        {
            rows = rows.Where(row => row.ActorId == actor || row.ActorName == actor);
        }

        if (Action is { Length: > 0 } action)
        {
            rows = rows.Where(row => row.Action == action);
        }

        if (ResourceType is { Length: > 0 } type)
        {
            rows = rows.Where(row => row.ResourceType == type);
        }

        if (ResourceId is { Length: > 0 } id)
        {
            rows = rows.Where(row => row.ResourceId == id);
        }

        if (Outcome is { } outcome)
        {
            rows = rows.Where(row => row.Outcome == outcome);
        }

        if (From?.ToUniversalTime() is { } from)
        {
            rows = rows.Where(row => row.CreatedAt >= from);
        }

        if (To?.ToUniversalTime() is { } to)
        {
            rows = rows.Where(row => row.CreatedAt < to);
        }

        return rows;
    }
}
