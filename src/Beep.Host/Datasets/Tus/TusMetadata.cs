using System.Text;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Datasets.Tus;

/// <summary>Reads <c>Upload-Metadata</c>: pairs of a key and a value in Base64, with commas between.</summary>
internal static class TusMetadata
{
    private const int MostPairs = 32;

    /// <exception cref="HttpFaultException">400.</exception>
    public static IReadOnlyDictionary<string, string> Read(string? header)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in (header ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split(' ');
            var bytes = new byte[pair.Length];
            if (parts.Length > 2 || values.Count == MostPairs || !Convert.TryFromBase64String(parts.Length == 2 ? parts[1] : "", bytes, out var length))
            {
                throw Bad("it is no list of keys with values in Base64");
            }

            var text = Encoding.UTF8.GetString(bytes, 0, length);
            if (!values.TryAdd(parts[0], text))
            {
                throw Bad("it has a key twice");
            }
        }

        return values;
    }

    private static HttpFaultException Bad(string what) => HttpFaultException.BadRequest("bad_metadata", $"Upload-Metadata cannot be read: {what}.", "Send pairs such as: filename cm93cy5qc29ubA==", "Upload-Metadata");
}
