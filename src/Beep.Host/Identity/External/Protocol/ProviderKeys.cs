using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Beep.Host.Identity.External.Protocol;

/// <summary>The public keys of a provider (RFC 7517).</summary>
internal static class ProviderKeys
{
    private const int MostKeys = 100;
    private const int LeastRsaBits = 2048;

    /// <summary>Those that sign; what is for encryption, symmetric or too short is left out.</summary>
    /// <exception cref="ProviderException">It is no set of keys.</exception>
    public static IReadOnlyList<SecurityKey> Read(JsonElement document)
    {
        if (!document.TryGetProperty("keys", out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MostKeys)
        {
            throw new ProviderException("bad_keys", "What jwks_uri answers is no set of keys.");
        }

        try
        {
            return [.. new JsonWebKeySet(document.GetRawText()).Keys.Where(Signs)];
        }
        catch (Exception error) when (error is ArgumentException or JsonException or FormatException)
        {
            throw new ProviderException("bad_keys", "What jwks_uri answers is no set of keys.", error);
        }
    }

    private static bool Signs(JsonWebKey key) =>
        key.Use is null or "" or "sig" && (key.Kty == JsonWebAlgorithmsKeyTypes.EllipticCurve || (key.Kty == JsonWebAlgorithmsKeyTypes.RSA && key.KeySize >= LeastRsaBits));
}
