using System.Globalization;
using System.Text.Json.Nodes;

namespace Beep.Host.Jobs.Planning.Server;

/// <summary>What a stored spec says in the place of paths.</summary>
internal static class StoredSpec
{
    private const string SharePrefix = "share:";

    /// <summary>How a held-out share is stored.</summary>
    public static string Of(double share) => SharePrefix + share.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The share that is held out; null for none.</summary>
    public static double? ShareOf(string spec) =>
        (string?)JsonNode.Parse(spec)?["data"]?["validation"] is { } validation && validation.StartsWith(SharePrefix, StringComparison.Ordinal)
        && double.TryParse(validation.AsSpan(SharePrefix.Length), NumberStyles.Float, CultureInfo.InvariantCulture, out var share) ? share : null;
}
