using Beep.Contracts;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Datasets.Files;

/// <summary>How a file is packed.</summary>
internal enum Packing
{
    None = 0,
    Gzip = 1,
    Zip = 2,
    Tar = 3,
    TarGzip = 4,
}

/// <summary>What a file is by its name.</summary>
/// <param name="Packing">Whether rows lie in it as they are.</param>
/// <param name="Extension">Of the rows: <c>.jsonl</c>; null where only the content of an archive tells.</param>
internal sealed record SourceKind(Packing Packing, string? Extension)
{
    /// <summary>The ends of files that hold rows.</summary>
    public static readonly IReadOnlyList<string> RowEnds = [".jsonl", ".json", ".csv", ".txt"];

    private static readonly (string End, Packing Packing)[] Archives =
        [(".tar.gz", Packing.TarGzip), (".tgz", Packing.TarGzip), (".tar", Packing.Tar), (".zip", Packing.Zip), (".gz", Packing.Gzip)];

    /// <summary>Every end that is known.</summary>
    public static IEnumerable<string> Ends => [.. RowEnds, ".ndjson", .. Archives.Select(archive => archive.End)];

    /// <summary>What is taken, for messages.</summary>
    public static string Taken => ".jsonl, .json, .csv, .txt, one of them as .gz, or a .zip, .tar or .tar.gz with one inside";

    /// <exception cref="HttpFaultException">415: nothing that is taken ends like this.</exception>
    public static SourceKind Of(string name)
    {
        var (end, packing) = Archives.FirstOrDefault(archive => name.EndsWith(archive.End, StringComparison.OrdinalIgnoreCase));
        if (packing is Packing.Zip or Packing.Tar or Packing.TarGzip)
        {
            return new SourceKind(packing, null);
        }

        var inner = packing == Packing.Gzip ? name[..^end.Length] : name;
        return new SourceKind(packing, RowEnd(inner) ?? throw new HttpFaultException(StatusCodes.Status415UnsupportedMediaType, new Fault(
            "unknown_extension", $"'{name}' ends like no file of rows.", $"Upload {Taken}.", "filename")));
    }

    /// <summary>The end of a file of rows by its name, as ours is called; null for another file.</summary>
    public static string? RowEnd(string name) => Path.GetExtension(name).ToLowerInvariant() switch
    {
        ".ndjson" => ".jsonl",
        var end when RowEnds.Contains(end) => end,
        _ => null,
    };

    /// <summary>Whether a file is packed, by its name: what lies in an archive must not be.</summary>
    public static bool IsPacked(string name) =>
        Archives.Any(archive => name.EndsWith(archive.End, StringComparison.OrdinalIgnoreCase))
        || Path.GetExtension(name).ToLowerInvariant() is ".7z" or ".rar" or ".xz" or ".bz2" or ".zst" or ".jar";
}
