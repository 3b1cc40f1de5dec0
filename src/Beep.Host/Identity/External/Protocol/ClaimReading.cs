using System.Text.Json;

namespace Beep.Host.Identity.External.Protocol;

/// <summary>Reads claims of a token, each in the shape that the standards give it and in no other.</summary>
internal static class ClaimReading
{
    /// <summary>A text; null where the claim is missing or anything else.</summary>
    public static string? Text(this JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A text or a list of texts; empty where the claim is missing, and where it holds anything else.</summary>
    public static IReadOnlyList<string> Texts(this JsonElement claims, string name) => claims.TryGetProperty(name, out var value) ? Texts(value) : [];

    public static IReadOnlyList<string> Texts(this JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Array when value.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String) => [.. value.EnumerateArray().Select(one => one.GetString()!)],
        _ => [],
    };

    /// <summary>Seconds since 1970 (RFC 7519, NumericDate); null where the claim is missing.</summary>
    /// <exception cref="ProviderException">It is no such number.</exception>
    public static DateTimeOffset? Instant(this JsonElement claims, string name)
    {
        if (!claims.TryGetProperty(name, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 253_402_300_799
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : throw new ProviderException("bad_claim", $"The claim {name} is no instant.");
    }
}
