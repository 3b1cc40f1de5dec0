using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Beep.Host.Audit;

/// <summary>The head of a chain at one time, signed: rows up to it cannot go missing unseen.</summary>
internal sealed record AuditCheckpoint
{
    [JsonPropertyName("v")]
    public int Version { get; init; } = 1;

    public required DateTimeOffset At { get; init; }

    public required string InstanceId { get; init; }

    public required long Seq { get; init; }

    public required string Hash { get; init; }

    public required string KeyId { get; init; }

    public required string Signature { get; init; }

    public static AuditCheckpoint Sign(AuditHead head, DateTimeOffset at, AuditKey key)
    {
        var unsigned = new AuditCheckpoint { At = at, InstanceId = head.InstanceId, Seq = head.Seq, Hash = Convert.ToHexStringLower(head.Hash), KeyId = key.Id, Signature = "" };
        return unsigned with { Signature = Convert.ToHexStringLower(key.Sign(unsigned.Text())) };
    }

    public bool IsSignedBy(AuditKey key) =>
        CryptographicOperations.FixedTimeEquals(key.Sign(Text()), Signature.Length == AuditKey.HashBytes * 2 ? TryHex(Signature) : []);

    public string ToLine() => JsonSerializer.Serialize(this, AuditJson.Default.AuditCheckpoint);

    /// <summary>Null when the line is no checkpoint.</summary>
    public static AuditCheckpoint? FromLine(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, AuditJson.Default.AuditCheckpoint);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string Text() => string.Create(CultureInfo.InvariantCulture, $"beep-audit-checkpoint-{Version}\n{At.UtcTicks}\n{InstanceId}\n{Seq}\n{Hash}\n{KeyId}");

    private static byte[] TryHex(string text)
    {
        var bytes = new byte[text.Length / 2];
        return Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : [];
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AuditCheckpoint))]
internal sealed partial class AuditJson : JsonSerializerContext;
