using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Identity.Sessions;

internal sealed record SessionView(string Id, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt, DateTimeOffset ExpiresAt, string? IpAddress, string? UserAgent, bool IsCurrent)
{
    public static IReadOnlyList<SessionView> Of(IReadOnlyList<Session> sessions, ClaimsPrincipal caller)
    {
        var current = caller.FindFirstValue(ClaimNames.SessionId);
        return [.. sessions.Select(session => new SessionView(session.Id, session.CreatedAt, session.LastSeenAt, session.ExpiresAt, session.IpAddress, session.UserAgent, session.Id == current))];
    }
}

/// <summary>/api/v1/sessions: one's own; who manages users ends others' too.</summary>
internal static class SessionEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        var sessions = routes.MapGroup("/api/v1/sessions").WithTags("Sessions");
        sessions.MapGet("", ListAsync).RequireSignedIn().WithName("ListSessions").WithSummary("Lists the own sessions, newest first.");
        sessions.MapDelete("{id}", EndAsync).RequireSignedIn().WithName("EndSession").WithSummary("Ends a session: one of the own, or anybody's for who manages users.");
    }

    private static async Task<Ok<IReadOnlyList<SessionView>>> ListAsync(SessionService sessions, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(SessionView.Of(await sessions.ListAsync(context.User.RequireUserId(), cancellationToken), context.User));

    private static async Task<NoContent> EndAsync(string id, SessionService sessions, HttpContext context, CancellationToken cancellationToken)
    {
        var owner = await sessions.FindOwnerAsync(id, cancellationToken);
        // A token that may only read must not sign its owner out.
        var isOwn = owner == context.User.RequireUserId() && context.User.FindFirstValue(ClaimNames.TokenId) is null;
        if (owner is null || !(isOwn || context.User.Holds(Permissions.UsersManage)) || !await sessions.EndAsync(id, AuditActors.Of(context), isOwn ? "by_owner" : "by_manager", cancellationToken))
        {
            throw HttpFaultException.NotFound("no_session", "There is no such session of yours.", "List your sessions.");
        }

        return TypedResults.NoContent();
    }
}
