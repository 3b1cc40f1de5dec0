using System.Text.Json;
using System.Text.RegularExpressions;
using Beep.Contracts;

namespace Beep.Host.Models.Hub;

/// <summary>Reads what a hub answers; anything may be missing, and nothing is taken at its word where a path or size comes of it.</summary>
internal static partial class HubAnswer
{
    /// <exception cref="FaultException">It is no JSON.</exception>
    public static JsonDocument Parse(byte[] content, string repository)
    {
        try
        {
            return JsonDocument.Parse(content);
        }
        catch (JsonException)
        {
            throw HubFaults.BadAnswer(repository, "it is no JSON");
        }
    }

    /// <exception cref="FaultException">There is none.</exception>
    public static string Commit(JsonElement info, string repository) =>
        info.ValueKind == JsonValueKind.Object && Text(info, "sha") is { } sha && Sha1().IsMatch(sha) ? sha : throw HubFaults.BadAnswer(repository, "it names no commit");

    /// <summary>The files, where their sizes are said; null where another question must be asked.</summary>
    public static IReadOnlyList<HubFile>? Siblings(JsonElement info)
    {
        if (!info.TryGetProperty("siblings", out var siblings) || siblings.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        List<HubFile> files = [];
        foreach (var sibling in siblings.EnumerateArray().Where(sibling => sibling.ValueKind == JsonValueKind.Object))
        {
            if (Text(sibling, "rfilename") is not { } name || name.Contains('/', StringComparison.Ordinal))
            {
                continue;
            }

            if (File(sibling, name, "blobId") is not { } file)
            {
                return null;
            }

            files.Add(file);
        }

        return files;
    }

    /// <summary>The files of one page of a tree.</summary>
    public static IEnumerable<HubFile> Tree(JsonElement tree, string repository)
    {
        if (tree.ValueKind != JsonValueKind.Array)
        {
            throw HubFaults.BadAnswer(repository, "its files are no list");
        }

        foreach (var entry in tree.EnumerateArray().Where(entry => entry.ValueKind == JsonValueKind.Object && Text(entry, "type") == "file"))
        {
            if (Text(entry, "path") is { } name && !name.Contains('/', StringComparison.Ordinal))
            {
                yield return File(entry, name, "oid") ?? throw HubFaults.BadAnswer(repository, $"it does not say how large '{name}' is");
            }
        }
    }

    public static HubRepository Repository(JsonElement info, string name, string commit, IReadOnlyList<HubFile> files)
    {
        var card = info.TryGetProperty("cardData", out var data) && data.ValueKind == JsonValueKind.Object ? data : default;
        var license = First(card, "license");
        return new HubRepository
        {
            Name = name,
            Commit = commit,
            IsGated = info.TryGetProperty("gated", out var gated) && gated.ValueKind is not (JsonValueKind.False or JsonValueKind.Null),
            IsPrivate = info.TryGetProperty("private", out var isPrivate) && isPrivate.ValueKind == JsonValueKind.True,
            License = ModelLicense.Clean(license is null or "other" ? First(card, "license_name") ?? license ?? Tagged(info) : license),
            LicenseLink = First(card, "license_link") is { } link && Uri.TryCreate(link, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps ? uri.AbsoluteUri : null,
            Architecture = info.TryGetProperty("config", out var config) && config.ValueKind == JsonValueKind.Object ? Text(config, "model_type") : null,
            Parameters = info.TryGetProperty("safetensors", out var tensors) && tensors.ValueKind == JsonValueKind.Object && tensors.TryGetProperty("total", out var total) && total.TryGetInt64(out var count) ? count : null,
            BaseModel = First(card, "base_model"),
            Files = files,
        };
    }

    /// <summary>Where the next page is: <c>Link: &lt;…&gt;; rel="next"</c>, at the same hub.</summary>
    public static Uri? Next(HttpResponseMessage answer, Uri address)
    {
        var link = answer.Headers.TryGetValues("Link", out var values) ? values.FirstOrDefault() : null;
        return link is not null && NextLink().Match(link) is { Success: true } match && Uri.TryCreate(address, match.Groups[1].Value, out var next) && next.Authority == address.Authority && next.Scheme == address.Scheme
            ? next
            : null;
    }

    private static HubFile? File(JsonElement entry, string name, string blob)
    {
        var isLarge = entry.TryGetProperty("lfs", out var lfs) && lfs.ValueKind == JsonValueKind.Object;
        var size = isLarge && lfs.TryGetProperty("size", out var large) ? large : entry.TryGetProperty("size", out var small) ? small : default;
        if (size.ValueKind != JsonValueKind.Number || !size.TryGetInt64(out var bytes) || bytes < 0)
        {
            return null;
        }

        var sha256 = isLarge ? Text(lfs, "sha256") ?? Text(lfs, "oid") : null;
        var sha1 = isLarge ? null : Text(entry, blob);
        return new HubFile(name, bytes, sha256 is not null && Sha256().IsMatch(sha256) ? sha256 : null, sha1 is not null && Sha1().IsMatch(sha1) ? sha1 : null);
    }

    private static string? Tagged(JsonElement info)
    {
        const string prefix = "license:";
        return info.TryGetProperty("tags", out var tags) && tags.ValueKind == JsonValueKind.Array
            ? tags.EnumerateArray().Select(tag => tag.ValueKind == JsonValueKind.String ? tag.GetString() : null).FirstOrDefault(tag => tag?.StartsWith(prefix, StringComparison.Ordinal) == true)?[prefix.Length..]
            : null;
    }

    /// <summary>A text, or the first of several.</summary>
    private static string? First(JsonElement owner, string name) =>
        owner.ValueKind != JsonValueKind.Object || !owner.TryGetProperty(name, out var value) ? null
        : value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()).FirstOrDefault()
        : value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Text(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    [GeneratedRegex(@"\A[0-9a-f]{40}\z")]
    private static partial Regex Sha1();

    [GeneratedRegex(@"\A[0-9a-f]{64}\z")]
    private static partial Regex Sha256();

    [GeneratedRegex("<([^>]+)>\\s*;\\s*rel=\"next\"")]
    private static partial Regex NextLink();
}
