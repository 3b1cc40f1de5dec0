namespace Beep.Host.Tests.Identity.External.Providers;

/// <summary>Which provider a case is shown against; the name is in the test's name.</summary>
public enum ProviderKind
{
    /// <summary>oidc-provider of npm, certified by the OpenID Foundation: a process of its own.</summary>
    Certified = 1,

    /// <summary>OpenIddict.Server, in this process; its issuer ends in a slash.</summary>
    OpenIddict = 2,

    /// <summary>Our own, which gives every bad answer that is asked of it, and right ones otherwise.</summary>
    Hostile = 3,
}

/// <summary>A provider that signs ada and bob in as is right.</summary>
internal interface IRightProvider : IAsyncDisposable
{
    /// <summary>To the letter, as its tokens have it.</summary>
    string Issuer { get; }

    /// <summary>Changes what it says of its users: JSON of names and claims; null forgets a user.</summary>
    Task SetAsync(string accounts);

    /// <summary>Signs with another key from now on, at the same address.</summary>
    Task RotateAsync();

    /// <summary>Whose name is typed where it asks for one.</summary>
    void Expect(string name);
}

/// <summary>What a provider is to be like, beyond what it is by itself.</summary>
/// <param name="Server">The address of ours, to which it sends browsers back.</param>
internal sealed record ProviderWish(string Server)
{
    /// <summary>One that the test holds; 0 takes any that is free.</summary>
    public int Port { get; init; }

    /// <summary>Whether it takes the secret in the body alone.</summary>
    public bool TakesPostAlone { get; init; }
}

/// <summary>Ours as a client of every provider in the tests; the secret has what needs encoding.</summary>
internal static class TestClient
{
    public const string Id = "beep-tests";
    public static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    public const string Secret = "a:secret+with%2F strange/characters";
}
