using System.Security.Cryptography;
using Beep.Host.Identity.Access;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;

namespace Beep.Host.Identity.Sessions;

/// <summary>Tickets as they lie in the table: encrypted for one session, and void once the user's security stamp is another.</summary>
internal sealed class SessionTickets(IDataProtectionProvider protection)
{
    private const string Stamp = "beep.stamp";

    private readonly IDataProtector _protector = protection.CreateProtector("Beep.Host.Identity.Sessions", "v1");

    public byte[] Protect(string sessionId, string stamp, AuthenticationTicket ticket)
    {
        var kept = ticket.Clone();
        SessionProperties.Settle(kept.Properties);
        kept.Properties.Items[Stamp] = stamp;
        return _protector.CreateProtector(sessionId).Protect(TicketSerializer.Default.Serialize(kept));
    }

    /// <summary>The ticket with a principal of what the user holds now; null when it was made for another stamp or with a lost key.</summary>
    public AuthenticationTicket? Unprotect(Session session, Standing standing)
    {
        AuthenticationTicket? ticket;
        try
        {
            ticket = TicketSerializer.Default.Deserialize(_protector.CreateProtector(session.Id).Unprotect(session.Ticket));
        }
        catch (CryptographicException)
        {
            return null;
        }

        if (ticket is null || !ticket.Properties.Items.TryGetValue(Stamp, out var stamp) || stamp != standing.User.SecurityStamp)
        {
            return null;
        }

        ticket.Properties.ExpiresUtc = SessionLimits.LastEnd(session, standing);
        return new AuthenticationTicket(PrincipalFactory.OfSession(standing, session, SessionProperties.MethodOf(ticket.Properties), ticket.Principal.Claims), ticket.Properties, IdentitySchemes.Session);
    }
}
