namespace Beep.Host.Hosting.Settings;

/// <summary>How an organisation's own provider signs people in.</summary>
internal sealed record IdentityServerOptions
{
    /// <summary>The provider; its discovery document lies below it.</summary>
    public Uri? Authority { get; init; }

    public string? ClientId { get; init; }

    public SecretText? ClientSecret { get; init; }

    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>Where the browser goes after signing out.</summary>
    public Uri? LogoutRedirect { get; init; }

    /// <summary>Our role by the provider's word for it, exactly as it is written.</summary>
    public IReadOnlyDictionary<string, string> RoleMap { get; init; } = new Dictionary<string, string>();
}
