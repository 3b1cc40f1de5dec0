namespace Beep.Host.Identity.External.Flow;

/// <summary>One attempt to sign in, from the start to the provider's answer.</summary>
/// <param name="State">Names the attempt; it goes to the provider and comes back.</param>
/// <param name="Nonce">What the ID token must hold.</param>
/// <param name="Verifier">What the code is redeemed with (RFC 7636).</param>
/// <param name="ReturnUrl">Where to go then; a page of this server.</param>
/// <param name="StartedAt">Answers that come later than <see cref="Lifetime"/> are refused.</param>
/// <param name="Purpose">What the answer is wanted for.</param>
/// <param name="SessionId">The session that wants more than a sign-in: another one cannot finish it.</param>
internal sealed record SignInAttempt(string State, string Nonce, string Verifier, string ReturnUrl, DateTimeOffset StartedAt, AttemptPurpose Purpose, string? SessionId)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);
}

/// <summary>What somebody goes to the provider for.</summary>
internal enum AttemptPurpose
{
    SignIn = 1,

    /// <summary>To use another account than the one that the provider would take by itself.</summary>
    Switch = 2,

    /// <summary>To have the own user here linked with the account there.</summary>
    Link = 3,

    /// <summary>To show afresh who one is, before a change that asks for it.</summary>
    Elevate = 4,
}
