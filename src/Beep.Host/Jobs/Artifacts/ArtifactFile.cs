namespace Beep.Host.Jobs.Artifacts;

/// <summary>A file of an artifact.</summary>
/// <param name="Name">From the artifact's folder on, with slashes; the artifact's own name where it is one file.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Of the file, in hexadecimal; null where it was not worked out yet.</param>
internal sealed record ArtifactFileView(string Name, long Bytes, string? Sha256);

/// <summary>Something that came out of a job.</summary>
/// <param name="Name"><c>adapter</c>, <c>merged</c>, or what an export is called.</param>
/// <param name="IsFolder">Whether it is downloaded file by file.</param>
/// <param name="Bytes">Of all its files.</param>
/// <param name="Sha256">Over those of its files, in the order of their names; null where it was not worked out yet.</param>
/// <param name="Files">What is in it.</param>
/// <param name="ModelId">The model that it was registered as; null for none.</param>
/// <param name="CreatedAt">When it was complete.</param>
internal sealed record ArtifactContents(string Name, bool IsFolder, long Bytes, string? Sha256, IReadOnlyList<ArtifactFileView> Files, string? ModelId, DateTimeOffset CreatedAt);

/// <summary>A file of an artifact on the disk.</summary>
/// <param name="Name">As callers name it.</param>
/// <param name="Info">Where it is; never a link.</param>
internal sealed record ArtifactFile(string Name, FileInfo Info);

/// <summary>An artifact on the disk, complete.</summary>
/// <param name="Name">As callers name it.</param>
/// <param name="Path">Where it is.</param>
/// <param name="IsFolder">Whether it is a folder.</param>
/// <param name="Files">In the order of their names.</param>
internal sealed record ArtifactOnDisk(string Name, string Path, bool IsFolder, IReadOnlyList<ArtifactFile> Files)
{
    public long Bytes => Files.Sum(file => file.Info.Length);
}
