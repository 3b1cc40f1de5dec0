using System.Text.Json.Serialization;

namespace Beep.Host.Setup.Choices;

/// <summary>Everything that a setup asks; the body of <c>POST /setup/api/initialize</c>. What is left out takes its default.</summary>
internal sealed record SetupChoices
{
    public DatabaseChoice Database { get; set; } = new();

    public AdminChoice Admin { get; set; } = new();

    public SignInChoice SignIn { get; set; } = new();

    public KeysChoice Keys { get; set; } = new();

    public AreasChoice Areas { get; set; } = new();

    /// <summary>A copy that may lie on a disk.</summary>
    public SetupChoices WithoutSecrets() => new()
    {
        Database = Database with { Password = null },
        Admin = Admin with { Password = null },
        SignIn = SignIn with { ClientSecret = null },
        Keys = Keys with { SecretKey = null },
        Areas = Areas with { },
    };
}

/// <summary>The first administrator.</summary>
internal sealed record AdminChoice
{
    public string Username { get; set; } = "admin";

    public string? DisplayName { get; set; }

    public string? Email { get; set; }

    /// <summary>Must be changed at the first sign-in.</summary>
    public string? Password { get; set; }

    public sealed override string ToString() => Username;
}

/// <summary>How people sign in. The provider alone is a wish: accounts of this host stay until an administrator has signed in with it.</summary>
internal sealed record SignInChoice
{
    /// <summary>Whether the organisation's provider signs people in, besides accounts of this host.</summary>
    public bool IdentityServer { get; set; }

    /// <summary>Whether accounts of this host are to be switched off once the provider has been tried; the checklist leads there.</summary>
    public bool ProviderAlone { get; set; }

    public string? Authority { get; set; }

    public string? ClientId { get; set; }

    public string? ClientSecret { get; set; }

    public string Scopes { get; set; } = "openid profile email";

    /// <summary>Which words of the provider make which role: <c>beep-admins=Admin, staff=User</c>.</summary>
    public string? RoleMap { get; set; }

    public string? LogoutRedirect { get; set; }

    public sealed override string ToString() => !IdentityServer ? "local" : ProviderAlone ? "IdentityServer alone, once tried" : "local and IdentityServer";
}

/// <summary>The secret from which keys are derived, and the address that browsers use.</summary>
internal sealed record KeysChoice
{
    /// <summary>One of the person's own; null has one made.</summary>
    public string? SecretKey { get; set; }

    public string? PublicUrl { get; set; }

    /// <summary>Whether the page asks for one; kept so that a resumed wizard asks again.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool UsesOwnSecretKey { get; set; }

    public sealed override string ToString() => PublicUrl ?? "";
}

/// <summary>Which areas the host has.</summary>
internal sealed record AreasChoice
{
    public bool EnableFinetune { get; set; } = true;

    public bool EnableInternalUserMgmt { get; set; } = true;
}
