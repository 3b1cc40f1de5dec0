namespace Beep.Host.Identity.External.Flow;

/// <summary>One attempt to sign in, from the start to the provider's answer.</summary>
/// <param name="State">Names the attempt; it goes to the provider and comes back.</param>
/// <param name="Nonce">What the ID token must hold.</param>
/// <param name="Verifier">What the code is redeemed with (RFC 7636).</param>
/// <param name="ReturnUrl">Where to go then; a page of this server.</param>
/// <param name="StartedAt">Answers that come later than <see cref="Lifetime"/> are refused.</param>
/// <param name="LinksUserId">The user who wants to be linked to the provider's account; null for a sign-in.</param>
/// <param name="SessionId">Of whoever wants to be linked: another session cannot finish it.</param>
internal sealed record SignInAttempt(string State, string Nonce, string Verifier, string ReturnUrl, DateTimeOffset StartedAt, long? LinksUserId, string? SessionId)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);
}
