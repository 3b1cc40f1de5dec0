using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Quotas;

/// <summary>/api/v1/finetune/usage and /api/v1/finetune/quotas.</summary>
internal static class QuotaEndpoints
{
    public static void MapQuotas(this IEndpointRouteBuilder routes)
    {
        var area = routes.MapGroup("/api/v1/finetune").WithTags("Quotas");
        area.MapGet("usage", ReadUsageAsync).RequirePermission(Permissions.FinetuneRead).WithName("ReadUsage").WithSummary("What you use of the fine-tuning area, and what you may; null is no limit.");
        area.MapGet("quotas", ListAsync).RequirePermission(Permissions.SystemAdmin).WithName("ListQuotas").WithSummary("Lists quotas.");
        area.MapPut("quotas", SetAsync).RequirePermission(Permissions.SystemAdmin).WithName("SetQuota").WithSummary("Sets the quota of a user, a group or everybody whole; without any limit it is taken away.");
    }

    private static async Task<Ok<UsageView>> ReadUsageAsync(HttpContext http, UsageReader usage, QuotaReader quotas, CancellationToken cancellationToken)
    {
        var user = http.User.RequireUserId();
        return TypedResults.Ok(new UsageView(await usage.ReadAsync(user, cancellationToken), await quotas.LimitsOfAsync(user, cancellationToken)));
    }

    private static async Task<Ok<Page<QuotaView>>> ListAsync([AsParameters] PageRequest page, QuotaService quotas, CancellationToken cancellationToken) => TypedResults.Ok(await quotas.ListAsync(page, cancellationToken));

    private static async Task<Results<Ok<QuotaView>, NoContent>> SetAsync(QuotaChange change, HttpContext http, QuotaService quotas, CancellationToken cancellationToken) =>
        await quotas.SetAsync(change, AuditActors.Of(http), cancellationToken) is { } quota ? TypedResults.Ok(quota) : TypedResults.NoContent();
}
