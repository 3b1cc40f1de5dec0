using System.Text.Json;

namespace Beep.Host.Identity.External.Protocol;

/// <summary>Reads claims of a token, each in the shape that the standards give it and in no other.</summary>
internal static class ClaimReading
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    /// <summary>An object; a name that comes twice is refused, for two readers could take two values.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static JsonElement ParseObject(byte[] utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw new JsonException("It is no object.");
        }
        catch (InvalidOperationException error)
        {
            // A name that is no Unicode, such as half of a sign.
            throw new JsonException(error.Message, error);
        }
    }

    /// <summary>A text; null where the claim is missing or anything else.</summary>
    public static string? Text(this JsonElement claims, string name) => claims.TryGetProperty(name, out var value) ? value.Text() : null;

    /// <summary>As the other, of a value; a text that is no Unicode is none.</summary>
    public static string? Text(this JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A text or a list of texts; empty where the claim is missing, and where it holds anything else.</summary>
    public static IReadOnlyList<string> Texts(this JsonElement claims, string name) => claims.TryGetProperty(name, out var value) ? Texts(value) : [];

    public static IReadOnlyList<string> Texts(this JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array when value.EnumerateArray().Select(Text).ToList() is var texts && !texts.Contains(null) => [.. texts.OfType<string>()],
        _ => value.Text() is { } text ? [text] : [],
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
