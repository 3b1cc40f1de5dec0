using System.Security.Claims;
using Beep.Host.Hosting.Access;

namespace Beep.Host.Audit;

/// <summary>Who acts, as the audit log names them.</summary>
internal static class AuditActors
{
    /// <summary>The host itself.</summary>
    public static readonly AuditActor System = new(AuditActorKind.System, "beep");

    /// <summary>Whoever runs the command line on this machine.</summary>
    public static AuditActor CommandLine => new(AuditActorKind.CommandLine, Environment.UserName);

    /// <summary>The caller of a request.</summary>
    public static AuditActor Of(HttpContext context) => Of(context.User, context.Connection.RemoteIpAddress?.ToString());

    /// <summary>A principal, where a page has no request any more.</summary>
    public static AuditActor Of(ClaimsPrincipal principal, string? ipAddress)
    {
        var token = principal.FindFirstValue(ClaimNames.TokenId);
        return new AuditActor(
            principal.FindUserId() is null ? AuditActorKind.Anonymous : token is null ? AuditActorKind.User : AuditActorKind.Token,
            principal.FindFirstValue(ClaimNames.UserId) ?? "anonymous")
        {
            Name = principal.FindFirstValue(ClaimNames.UserName),
            SessionId = token ?? principal.FindFirstValue(ClaimNames.SessionId),
            IpAddress = ipAddress,
        };
    }
}
