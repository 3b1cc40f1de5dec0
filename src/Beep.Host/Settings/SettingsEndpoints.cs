using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Settings;

/// <summary>The settings over HTTP.</summary>
internal static class SettingsEndpoints
{
    public static void MapSettings(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/settings").RequirePermission(Permissions.SystemAdmin).WithTags("settings");
        group.MapGet("", Read).WithName("ListSettings").WithSummary("Every setting, with where its value comes from; never a secret.");
        group.MapPatch("", ChangeAsync).RequireElevation(allowsTokens: true).WithName("ChangeSettings").WithSummary("Changes settings in config/host.json; null takes one back to its default. They hold after a restart.");
        group.MapPost("restart", RestartAsync).RequireElevation(allowsTokens: true).WithName("RestartServer").WithSummary("Starts the server again in its process, with the settings as they are now.");
    }

    private static Ok<IReadOnlyList<SettingView>> Read(SettingsService service) => TypedResults.Ok(service.Read());

    private static async Task<Ok<IReadOnlyList<SettingView>>> ChangeAsync(Dictionary<string, string?> changes, SettingsService service, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(await service.ChangeAsync(AuditActors.Of(context), changes, cancellationToken));

    private static async Task<Accepted> RestartAsync(SettingsRestart restart, HttpContext context, CancellationToken cancellationToken)
    {
        await restart.AskAsync(AuditActors.Of(context), cancellationToken);
        return TypedResults.Accepted((string?)null);
    }
}

/// <summary>Restarts the server, and says so in the audit log first.</summary>
internal sealed class SettingsRestart(ServerRestart restart, HostDatabase database, AuditWriter audit)
{
    public async Task AskAsync(AuditActor actor, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        await audit.WriteAsync(context, _ => Task.FromResult(new AuditEntry { Actor = actor, Action = "server_restarted", ResourceType = "server" }), cancellationToken);
        restart.Ask();
    }
}
