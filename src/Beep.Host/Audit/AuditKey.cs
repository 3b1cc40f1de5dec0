using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Audit;

/// <summary>The key that chains the rows. It lies outside the database: who can write there cannot make a row that fits.</summary>
internal sealed class AuditKey
{
    public const int HashBytes = HMACSHA256.HashSizeInBytes;
    public const int IdLength = 16;
    private const int KeyBytes = 32;

    private readonly byte[] _key;

    private AuditKey(byte[] key) => (_key, Id) = (key, Convert.ToHexStringLower(SHA256.HashData(key))[..IdLength]);

    /// <summary>Names the key without telling it.</summary>
    public string Id { get; }

    /// <summary>The key of this home; made when there is none.</summary>
    /// <exception cref="FaultException">It cannot be used as it lies there.</exception>
    public static AuditKey LoadOrCreate(HostPaths paths)
    {
        if (Load(paths) is { } key)
        {
            return key;
        }

        PrivateFiles.CreateFolder(paths.Home);
        PrivateFiles.CreateFolder(paths.Keys);
        var fresh = Path.Combine(paths.Keys, $".{Guid.NewGuid():N}.partial");
        using (var stream = PrivateFiles.Open(fresh, FileMode.CreateNew, FileShare.None))
        {
            stream.Write(RandomNumberGenerator.GetBytes(KeyBytes));
            stream.Flush(flushToDisk: true);
        }

        try
        {
            File.Move(fresh, paths.AuditKey);
        }
        catch (IOException) when (File.Exists(paths.AuditKey))
        {
            // Another process made it first; theirs is the key.
            File.Delete(fresh);
        }

        return Load(paths)!;
    }

    /// <summary>The key of this home; null when there is none.</summary>
    /// <exception cref="FaultException">It cannot be used as it lies there.</exception>
    public static AuditKey? Load(HostPaths paths)
    {
        if (!File.Exists(paths.AuditKey))
        {
            return null;
        }

        foreach (var path in new[] { paths.Keys, paths.AuditKey }.Where(PrivateFiles.IsOpenToOthers))
        {
            throw FaultException.Invalid("open_to_others", $"Others may read or change '{path}'.", $"Run: chmod {(path == paths.Keys ? "700" : "600")} '{path}'", path);
        }

        var key = File.ReadAllBytes(paths.AuditKey);
        return key.Length == KeyBytes
            ? new AuditKey(key)
            : throw FaultException.Invalid("bad_audit_key", $"'{paths.AuditKey}' has {key.Length} bytes instead of {KeyBytes}.", "Restore it from the backup.", paths.AuditKey);
    }

    /// <summary>What the first row of a database stands on.</summary>
    public byte[] Genesis(string instanceId) => Sign($"beep-audit-genesis-1\n{instanceId}");

    /// <summary>The hash of a row that stands on <paramref name="previous"/>.</summary>
    public byte[] Chain(ReadOnlySpan<byte> previous, AuditRow row) => HMACSHA256.HashData(_key, (byte[])[.. previous, .. Canonical(row)]);

    public byte[] Sign(string text) => HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(text));

    /// <summary>Everything but the hash, in one order and one way of writing.</summary>
    private static byte[] Canonical(AuditRow row)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("v", 1);
            writer.WriteNumber("seq", row.Seq);
            writer.WriteNumber("created_at", row.CreatedAt.UtcTicks);
            writer.WriteNumber("actor_kind", (int)row.ActorKind);
            writer.WriteString("actor_id", row.ActorId);
            if (row.ActorName is not null)
            {
                // Left out where there is none: rows that were written before actors had names keep their hashes.
                writer.WriteString("actor_name", row.ActorName);
            }

            writer.WriteString("session_id", row.SessionId);
            writer.WriteString("ip_address", row.IpAddress);
            writer.WriteString("action", row.Action);
            writer.WriteString("resource_type", row.ResourceType);
            writer.WriteString("resource_id", row.ResourceId);
            writer.WriteNumber("outcome", (int)row.Outcome);
            writer.WriteString("correlation_id", row.CorrelationId);
            writer.WriteString("details", row.Details);
            writer.WriteString("key_id", row.KeyId);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
