using System.Security.Claims;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Identity;

/// <summary>Who makes a change, and what they hold: nobody gives, changes or takes more than that.</summary>
internal sealed class Grantor
{
    private readonly HashSet<string>? _held;

    private Grantor(AuditActor actor, long? userId, HashSet<string>? held) => (Actor, UserId, _held) = (actor, userId, held);

    /// <summary>The host itself, which may everything.</summary>
    public static Grantor System { get; } = new(AuditActors.System, null, null);

    /// <summary>Whoever runs the command line, and so owns the machine's data.</summary>
    public static Grantor CommandLine => new(AuditActors.CommandLine, null, null);

    public AuditActor Actor { get; }

    /// <summary>The user; null for the host and the command line.</summary>
    public long? UserId { get; }

    public static Grantor Of(HttpContext context) => Of(context.User, context.Connection.RemoteIpAddress?.ToString());

    public static Grantor Of(ClaimsPrincipal principal, string? ipAddress) =>
        new(AuditActors.Of(principal, ipAddress), principal.RequireUserId(), [.. principal.FindAll(ClaimNames.Permission).Select(claim => claim.Value)]);

    /// <exception cref="HttpFaultException">A permission is not held.</exception>
    public void RequireHeld(IEnumerable<string> permissions)
    {
        if (_held is not null && permissions.Where(permission => !_held.Contains(permission)).Distinct().Order(StringComparer.Ordinal).ToList() is { Count: > 0 } missing)
        {
            throw new HttpFaultException(StatusCodes.Status403Forbidden, new Fault(
                "more_than_held", $"This needs permissions that you do not hold yourself: {string.Join(", ", missing)}.", "Ask somebody who holds them."));
        }
    }
}
