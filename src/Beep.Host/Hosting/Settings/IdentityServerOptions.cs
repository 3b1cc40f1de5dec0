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

    /// <summary>Our group by the provider's word for it. Only groups that are named here are filled and emptied by the provider.</summary>
    public IReadOnlyDictionary<string, string> GroupMap { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether somebody whose roles are none of the map is turned away, and not let in as a Guest.</summary>
    public bool DeniesUnmapped { get; init; }

    /// <summary>What people call the provider; null for the name of its host.</summary>
    public string? Name { get; init; }

    /// <summary>For whom an access token of the provider must be to be taken by the API; null: none is.</summary>
    public string? ApiAudience { get; init; }

    /// <summary>The scope that such a token must hold; null: none in particular.</summary>
    public string? ApiScope { get; init; }

    /// <summary>The provider's name for people.</summary>
    public string DisplayName => Name ?? Authority?.Host ?? "your organisation";

    /// <summary>What the provider must call itself, to the letter.</summary>
    public string Issuer => Authority?.OriginalString ?? "";
}
