using System.Text.Json;
using Beep.Host.Identity.External.Protocol;
using Microsoft.AspNetCore.Authentication;

namespace Beep.Host.Identity.External.Sessions;

/// <summary>What a sign-in with the provider hands to the session that it begins.</summary>
internal sealed record ExternalGrant(string Issuer, string Subject, string? ProviderSession, ExternalTokens Tokens, DateTimeOffset? TokenExpiresAt)
{
    private const string Item = "beep.external";

    public static ExternalGrant Of(ProviderIdentity identity, ProviderTokens tokens, DateTimeOffset now) =>
        new(identity.Issuer, identity.Subject, identity.SessionId, new ExternalTokens(tokens.AccessToken, tokens.IdToken, tokens.RefreshToken), tokens.Lifetime is { } lifetime ? now + lifetime : null);

    public void PutInto(AuthenticationProperties properties) => properties.Items[Item] = JsonSerializer.Serialize(this);

    /// <summary>Takes it out again, so that the ticket does not hold the tokens a second time; null where the sign-in was another.</summary>
    public static ExternalGrant? TakeFrom(AuthenticationProperties properties) =>
        properties.Items.Remove(Item, out var text) && text is not null ? JsonSerializer.Deserialize<ExternalGrant>(text) : null;
}

/// <summary>The tokens of a session.</summary>
internal sealed record ExternalTokens(string AccessToken, string? IdToken, string? RefreshToken);
