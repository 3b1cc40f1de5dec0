using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Setup.Checklist;

/// <summary>What is left to do, for programs.</summary>
internal static class ChecklistEndpoints
{
    public static void MapChecklistEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/setup/checklist").RequirePermission(Permissions.SystemAdmin).WithTags("setup");
        group.MapGet("", ReadAsync).WithName("read_checklist").WithSummary("What is left to do after the setup.");
        group.MapPost("{item}/done", MarkAsync).WithName("mark_checklist_item").WithSummary("Marks an item that the host cannot see by itself.");
    }

    private static async Task<Ok<ChecklistAnswer>> ReadAsync(ChecklistService checklist, CancellationToken cancellationToken)
    {
        var items = await checklist.ReadAsync(cancellationToken);
        return TypedResults.Ok(new ChecklistAnswer(items, items.All(item => item.IsDone)));
    }

    private static async Task<NoContent> MarkAsync(string item, ChecklistService checklist, HttpContext context, CancellationToken cancellationToken)
    {
        await checklist.MarkAsync(item, AuditActors.Of(context), cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>The checklist.</summary>
/// <param name="Items">Every item, done or not.</param>
/// <param name="IsDone">Whether nothing is left.</param>
internal sealed record ChecklistAnswer(IReadOnlyList<ChecklistItem> Items, bool IsDone);
