using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Beep.Host.Identity.External.Protocol;

/// <summary>A JSON Web Token whose signature was found to be the provider's (RFC 7515, 7519). What it claims is still to be judged.</summary>
/// <param name="Type">The header's <c>typ</c>; null where there is none.</param>
/// <param name="Algorithm">The header's <c>alg</c>.</param>
/// <param name="Claims">The payload, in which no name comes twice.</param>
internal sealed record SignedToken(string? Type, string Algorithm, JsonElement Claims)
{
    private const int MostBytes = 64 << 10;

    // Asymmetric alone: a key that the client shares, or a public one, cannot have signed for the provider.
    private static readonly string[] Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>Verifies a signature with the keys that the provider publishes; keys that the token itself names are never looked at.</summary>
    /// <exception cref="ProviderException">It is not signed by the provider.</exception>
    public static async Task<SignedToken> VerifyAsync(string text, ProviderDirectory directory, CancellationToken cancellationToken)
    {
        var parts = text.Length <= MostBytes ? text.Split('.') : [];
        if (parts.Length != 3 || parts.Any(part => part.Length == 0))
        {
            throw new ProviderException("bad_signature", "The token is not three parts with a signature as the last.");
        }

        var header = Decode(parts[0]);
        var algorithm = header.Text("alg");
        if (!Algorithms.Contains(algorithm, StringComparer.Ordinal))
        {
            throw new ProviderException("bad_algorithm", "The token is signed with none of the algorithms that are accepted.");
        }

        if (header.TryGetProperty("crit", out _))
        {
            throw new ProviderException("bad_header", "The token demands extensions that this host does not know.");
        }

        if (header.TryGetProperty("kid", out _) && header.Text("kid") is null)
        {
            throw new ProviderException("bad_header", "The name of the token's key is no text.");
        }

        // Nothing but the signature: what it claims is judged by rules of our own.
        var (claims, keyId) = (Decode(parts[1]), header.Text("kid"));
        var (signed, signature) = (Encoding.ASCII.GetBytes(text[..text.LastIndexOf('.')]), Bytes(parts[2]));
        var known = await directory.GetAsync(cancellationToken).ConfigureAwait(false);
        if (!IsOf(known))
        {
            // Perhaps of a key that came since, which may have the name of the one before, or none.
            known = await directory.RenewAsync(known, cancellationToken).ConfigureAwait(false);
            if (!IsOf(known))
            {
                throw known.Find(keyId).Count == 0
                    ? new ProviderException("unknown_key", "The token is signed with a key that the provider does not publish.")
                    : new ProviderException("bad_signature", "The signature of the token is not the provider's.");
            }
        }

        return new SignedToken(header.Text("typ"), algorithm!, claims);

        bool IsOf(ProviderKnowledge provider) => provider.Find(keyId).Any(key => Verifies(key, algorithm!, signed, signature));
    }

    /// <summary>The claims of a token that was verified before and has been kept since where nobody else writes: its key may be gone by now.</summary>
    /// <exception cref="ProviderException">It is no token.</exception>
    public static JsonElement ReadKept(string text) => Decode(text.Split('.') is { Length: 3 } parts ? parts[1] : "");

    private static bool Verifies(SecurityKey key, string algorithm, byte[] signed, byte[] signature)
    {
        try
        {
            if (!key.CryptoProviderFactory.IsSupportedAlgorithm(algorithm, key))
            {
                return false;
            }

            var provider = key.CryptoProviderFactory.CreateForVerifying(key, algorithm);
            try
            {
                return provider.Verify(signed, signature);
            }
            finally
            {
                key.CryptoProviderFactory.ReleaseSignatureProvider(provider);
            }
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or FormatException or InvalidOperationException or NotSupportedException or SecurityTokenException)
        {
            // A key that is none, as a point beside its curve: the others may still verify.
            return false;
        }
    }

    private static byte[] Bytes(string part)
    {
        try
        {
            return Base64UrlEncoder.DecodeBytes(part);
        }
        catch (FormatException error)
        {
            throw new ProviderException("bad_signature", "The signature of the token cannot be read.", error);
        }
    }

    private static JsonElement Decode(string part)
    {
        try
        {
            return ClaimReading.ParseObject(Base64UrlEncoder.DecodeBytes(part));
        }
        catch (Exception error) when (error is JsonException or FormatException or ArgumentException)
        {
            throw new ProviderException("bad_token", "A part of the token is no JSON object.", error);
        }
    }
}
