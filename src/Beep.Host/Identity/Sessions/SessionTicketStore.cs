using System.Globalization;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Beep.Host.Identity.Sessions;

/// <summary>What the cookie handler keeps its tickets in. Every sign-in draws a new secret, also in a browser that comes with one.</summary>
internal sealed class SessionTicketStore(SessionService sessions) : ITicketStore
{
    public Task<string> StoreAsync(AuthenticationTicket ticket) => sessions.BeginAsync(ticket, SessionOrigin.Of(null), null, CancellationToken.None);

    public Task<string> StoreAsync(AuthenticationTicket ticket, HttpContext httpContext, CancellationToken cancellationToken) =>
        sessions.BeginAsync(ticket, SessionOrigin.Of(httpContext), null, cancellationToken);

    public Task RenewAsync(string key, AuthenticationTicket ticket) => throw new NotSupportedException("A session is renewed in a request, which takes its new secret.");

    public async Task RenewAsync(string key, AuthenticationTicket ticket, HttpContext httpContext, CancellationToken cancellationToken)
    {
        var origin = SessionOrigin.Of(httpContext);
        SessionCookieManager.Hand(httpContext, SessionProperties.IsRenewal(ticket.Properties)
            ? await sessions.RotateAsync(key, ticket, origin, cancellationToken)
                ?? throw new HttpFaultException(StatusCodes.Status401Unauthorized, new Fault("session_ended", "The session has ended meanwhile.", "Sign in again."))
            : await sessions.BeginAsync(ticket, origin, await sessions.FindIdAsync(key, cancellationToken), cancellationToken));
    }

    public Task<AuthenticationTicket?> RetrieveAsync(string key) => sessions.FindAsync(key, CancellationToken.None);

    public Task<AuthenticationTicket?> RetrieveAsync(string key, HttpContext httpContext, CancellationToken cancellationToken) => sessions.FindAsync(key, cancellationToken);

    public Task RemoveAsync(string key) => EndAsync(key, null, CancellationToken.None);

    public Task RemoveAsync(string key, HttpContext httpContext, CancellationToken cancellationToken) => EndAsync(key, SessionOrigin.Of(httpContext).IpAddress, cancellationToken);

    private async Task EndAsync(string key, string? ipAddress, CancellationToken cancellationToken)
    {
        if (await sessions.FindIdAsync(key, cancellationToken) is { } id && await sessions.FindOwnerAsync(id, cancellationToken) is { } owner)
        {
            await sessions.EndAsync(id, new AuditActor(AuditActorKind.User, owner.ToString(CultureInfo.InvariantCulture)) { SessionId = id, IpAddress = ipAddress }, SessionProperties.SignedOut, cancellationToken);
        }
    }
}
