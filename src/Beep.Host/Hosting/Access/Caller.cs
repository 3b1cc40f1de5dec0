using System.Globalization;
using System.Security.Claims;

namespace Beep.Host.Hosting.Access;

/// <summary>Who calls, read from the claims of a principal.</summary>
internal static class Caller
{
    /// <summary>The user's id; null for nobody.</summary>
    public static long? FindUserId(this ClaimsPrincipal principal) =>
        long.TryParse(principal.FindFirstValue(ClaimNames.UserId), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    /// <summary>The user's id, where authorization has let only users in.</summary>
    public static long RequireUserId(this ClaimsPrincipal principal) =>
        principal.FindUserId() ?? throw new InvalidOperationException("The endpoint let in a caller without a user id.");

    public static bool Holds(this ClaimsPrincipal principal, string permission) => principal.HasClaim(ClaimNames.Permission, permission);
}
