using System.Text.Json;
using Beep.Host.Hosting;

namespace Beep.Host.Datasets.Files;

/// <summary>What lies in the folder of a version, for whoever finds the folder without the database: <c>manifest.json</c>.</summary>
internal sealed record DatasetManifest
{
    public const string FileName = "manifest.json";

    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public int ManifestVersion { get; init; } = 1;

    public required string DatasetId { get; init; }

    public required int Version { get; init; }

    /// <summary>The file with the rows, as they were given.</summary>
    public required string File { get; init; }

    /// <summary>What it was called where it came from.</summary>
    public required string SourceName { get; init; }

    public required string Sha256 { get; init; }

    public required long Bytes { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>In the words of a spec's <c>data.format</c>; null until it was checked.</summary>
    public string? Format { get; init; }

    /// <summary>A spec's <c>data.columns</c>: what the columns are called where it is not as the format has it.</summary>
    public IReadOnlyDictionary<string, string>? Columns { get; init; }

    public long? Rows { get; init; }

    /// <summary>The hashes of the rows with their lines, sorted; null until it was checked.</summary>
    public string? RowHashes { get; init; }

    /// <summary>Of the version in this folder; null when there is none that can be read.</summary>
    public static DatasetManifest? Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<DatasetManifest>(System.IO.File.ReadAllBytes(Path.Combine(folder, FileName)), Options);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Puts it into the folder, whole or not at all.</summary>
    public void Write(string folder) => AtomicFile.Write(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, Options));
}
