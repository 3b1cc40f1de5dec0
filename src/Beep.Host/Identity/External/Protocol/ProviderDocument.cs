using System.Text.Json;

namespace Beep.Host.Identity.External.Protocol;

/// <summary>What a provider's discovery document says (OpenID Connect Discovery 1.0, RFC 8414), as far as this host uses it.</summary>
internal sealed record ProviderDocument
{
    /// <summary>The reason where a provider calls itself something else.</summary>
    public const string OtherIssuer = "issuer_mismatch";

    private const int LongestIssuer = 255;

    public required string Issuer { get; init; }

    public required Uri AuthorizationEndpoint { get; init; }

    public required Uri TokenEndpoint { get; init; }

    public required Uri KeysAddress { get; init; }

    public Uri? UserInfoEndpoint { get; init; }

    public Uri? EndSessionEndpoint { get; init; }

    /// <summary>Where a request is left before the browser is sent (RFC 9126).</summary>
    public Uri? PushedEndpoint { get; init; }

    /// <summary>Whether its answers name the issuer (RFC 9207): one that does not is then refused.</summary>
    public bool NamesIssuer { get; init; }

    /// <summary>Whether it lets its users choose among their accounts; one that does not say is asked to.</summary>
    public bool LetsChoose { get; init; }

    /// <summary>Whether the secret goes into the Authorization header and not into the body.</summary>
    public bool TakesBasic { get; init; }

    public bool HasProofKey { get; init; }

    /// <summary>Whether it says that it signs sessions out over the back channel.</summary>
    public bool HasBackChannelLogout { get; init; }

    /// <summary>Which document of a provider to ask for.</summary>
    public static Uri AddressOf(string authority) => new(authority.TrimEnd('/') + "/.well-known/openid-configuration");

    /// <param name="document">As it was fetched.</param>
    /// <param name="authority">The issuer that the settings name: the provider must call itself exactly that, or another could speak for it.</param>
    /// <exception cref="ProviderException">It does not fit.</exception>
    public static ProviderDocument Read(JsonElement document, string authority)
    {
        var issuer = document.Text("issuer");
        if (issuer is not { Length: > 0 and <= LongestIssuer } || issuer != authority)
        {
            throw new ProviderException(OtherIssuer, $"The discovery document is of the issuer '{Clean(issuer)}' and not of '{authority}'.");
        }

        if (!Has(document, "response_types_supported", "code"))
        {
            throw new ProviderException("no_code_flow", "The provider does not say that it takes response_type code.");
        }

        var allowsPlain = Uri.TryCreate(authority, UriKind.Absolute, out var own) && own.IsLoopback;
        var methods = Values(document, "token_endpoint_auth_methods_supported");
        return new ProviderDocument
        {
            Issuer = issuer,
            AuthorizationEndpoint = Address(document, "authorization_endpoint", allowsPlain) ?? throw Missing("authorization_endpoint"),
            TokenEndpoint = Address(document, "token_endpoint", allowsPlain) ?? throw Missing("token_endpoint"),
            KeysAddress = Address(document, "jwks_uri", allowsPlain) ?? throw Missing("jwks_uri"),
            UserInfoEndpoint = Address(document, "userinfo_endpoint", allowsPlain),
            EndSessionEndpoint = Address(document, "end_session_endpoint", allowsPlain),
            PushedEndpoint = Address(document, "pushed_authorization_request_endpoint", allowsPlain),
            NamesIssuer = Flag(document, "authorization_response_iss_parameter_supported"),
            LetsChoose = Values(document, "prompt_values_supported")?.Contains("select_account") != false,
            // What a provider takes that says nothing (RFC 8414, section 2).
            TakesBasic = methods is null || methods.Contains("client_secret_basic"),
            HasProofKey = Has(document, "code_challenge_methods_supported", "S256"),
            HasBackChannelLogout = Flag(document, "backchannel_logout_supported"),
        };
    }

    private static Uri? Address(JsonElement document, string name, bool allowsPlain)
    {
        if (document.Text(name) is not { } text)
        {
            return null;
        }

        return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Fragment.Length == 0 && address.UserInfo.Length == 0
            && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && allowsPlain && address.IsLoopback))
            ? address
            : throw new ProviderException("bad_endpoint", $"{name} is '{Clean(text)}', which is no address under https.");
    }

    private static ProviderException Missing(string name) => new("missing_endpoint", $"The discovery document has no {name}.");

    private static bool Flag(JsonElement document, string name) => document.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static bool Has(JsonElement document, string name, string value) => Values(document, name)?.Contains(value) == true;

    private static HashSet<string>? Values(JsonElement document, string name) =>
        document.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(ClaimReading.Text).OfType<string>()]
            : null;

    private static string Clean(string? text) => text is null ? "" : string.Concat(text.Where(c => !char.IsControl(c)).Take(LongestIssuer));
}
