using System.Text.Json;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Audit;

/// <summary>The audit log over HTTP: pages of rows, and all of them as CSV.</summary>
internal static class AuditEndpoints
{
    private const int FlushEvery = 500;

    public static void MapAudit(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/audit").RequirePermission(Permissions.AuditRead).WithTags("audit");
        group.MapGet("", ListAsync).WithName("listAudit").WithSummary("Rows of the audit log, newest first.");
        group.MapGet("export", ExportAsync).WithName("exportAudit").WithSummary("The rows that fit, oldest first, as CSV.").Produces<string>(contentType: "text/csv");
    }

    private static async Task<Ok<Page<AuditAnswer>>> ListAsync(
        AuditReader reader, string? actor, string? action, string? resource_type, string? resource_id, string? outcome, DateTimeOffset? from, DateTimeOffset? to,
        string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var page = await reader.ReadAsync(Filter(actor, action, resource_type, resource_id, outcome, from, to), new PageRequest(cursor, limit), cancellationToken);
        return TypedResults.Ok(new Page<AuditAnswer>([.. page.Items.Select(AuditAnswer.Of)], page.Next));
    }

    private static async Task ExportAsync(
        HttpContext http, AuditReader reader, TimeProvider time, string? actor, string? action, string? resource_type, string? resource_id, string? outcome,
        DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        var filter = Filter(actor, action, resource_type, resource_id, outcome, from, to);
        http.Response.ContentType = "text/csv; charset=utf-8";
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"audit-{time.GetUtcNow():yyyyMMdd-HHmmss}.csv\"";
        var writer = new StreamWriter(http.Response.Body, leaveOpen: true);
        await using var _ = writer.ConfigureAwait(false);
        await writer.WriteAsync(AuditCsv.Header.AsMemory(), cancellationToken);
        var count = 0;
        await foreach (var row in reader.StreamAsync(filter, cancellationToken))
        {
            await writer.WriteAsync(AuditCsv.Line(row).AsMemory(), cancellationToken);
            if (++count % FlushEvery == 0)
            {
                await writer.FlushAsync(cancellationToken);
            }
        }
    }

    private static AuditFilter Filter(string? actor, string? action, string? resourceType, string? resourceId, string? outcome, DateTimeOffset? from, DateTimeOffset? to) => new()
    {
        Actor = actor,
        Action = action,
        ResourceType = resourceType,
        ResourceId = resourceId,
        Outcome = outcome switch
        {
            null or "" => null,
            "succeeded" => AuditOutcome.Succeeded,
            "refused" => AuditOutcome.Refused,
            "failed" => AuditOutcome.Failed,
            _ => throw HttpFaultException.Invalid("bad_outcome", $"outcome is '{outcome}'.", "Ask for succeeded, refused or failed.", "outcome"),
        },
        From = from,
        To = to,
    };
}

/// <summary>A row of the audit log, as it is answered.</summary>
internal sealed record AuditAnswer
{
    public required long Seq { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required AuditActorKind ActorKind { get; init; }

    public required string ActorId { get; init; }

    public string? ActorName { get; init; }

    public string? SessionId { get; init; }

    public string? IpAddress { get; init; }

    public required string Action { get; init; }

    public string? ResourceType { get; init; }

    public string? ResourceId { get; init; }

    public required AuditOutcome Outcome { get; init; }

    public string? CorrelationId { get; init; }

    public JsonElement? Details { get; init; }

    public required string Hash { get; init; }

    public static AuditAnswer Of(AuditRow row) => new()
    {
        Seq = row.Seq,
        CreatedAt = row.CreatedAt,
        ActorKind = row.ActorKind,
        ActorId = row.ActorId,
        ActorName = row.ActorName,
        SessionId = row.SessionId,
        IpAddress = row.IpAddress,
        Action = row.Action,
        ResourceType = row.ResourceType,
        ResourceId = row.ResourceId,
        Outcome = row.Outcome,
        CorrelationId = row.CorrelationId,
        Details = row.Details is { } details ? JsonSerializer.Deserialize<JsonElement>(details) : null,
        Hash = Convert.ToHexStringLower(row.Hash),
    };
}
