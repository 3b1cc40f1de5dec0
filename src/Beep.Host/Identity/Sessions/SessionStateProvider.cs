using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace Beep.Host.Identity.Sessions;

/// <summary>Who is signed in, for the pages of one circuit: held against the table twice a minute.</summary>
internal sealed class SessionStateProvider(ILoggerFactory loggers, SessionService sessions) : RevalidatingServerAuthenticationStateProvider(loggers)
{
    protected override TimeSpan RevalidationInterval => SessionLimits.Sweep;

    /// <summary>Nobody is signed in any more.</summary>
    public void End() => SetAuthenticationState(Task.FromResult(new AuthenticationState(new ClaimsPrincipal(new ClaimsIdentity()))));

    protected override async Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken)
    {
        if (authenticationState.User.FindFirstValue(ClaimNames.SessionId) is not { } id)
        {
            return false;
        }

        if (await sessions.FindPrincipalAsync(id, cancellationToken) is not { } now)
        {
            return false;
        }

        if (!Claims(now).SetEquals(Claims(authenticationState.User)))
        {
            SetAuthenticationState(Task.FromResult(new AuthenticationState(now)));
        }

        return true;
    }

    private static HashSet<(string, string)> Claims(ClaimsPrincipal principal) => [.. principal.Claims.Select(claim => (claim.Type, claim.Value))];
}
