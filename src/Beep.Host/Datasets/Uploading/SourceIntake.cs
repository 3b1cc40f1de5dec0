using Beep.Contracts;
using Beep.Host.Datasets.Archives;
using Beep.Host.Datasets.Checking;
using Beep.Host.Datasets.Files;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.LanguageModels.Datasets;

namespace Beep.Host.Datasets.Uploading;

/// <summary>A file of rows that is ready to become a version.</summary>
/// <param name="Folder">A fresh folder that holds the file and nothing else.</param>
/// <param name="FileName">Named by the host.</param>
/// <param name="SourceName">What it was called where it came from.</param>
/// <param name="Sha256">Of the rows, unpacked.</param>
/// <param name="Bytes">Of the rows, unpacked.</param>
internal sealed record StagedSource(string Folder, string FileName, string SourceName, string Sha256, long Bytes);

/// <summary>Makes of a file that came in one that can be a version: is it what its name says, unpacked, and can its rows be read.</summary>
internal sealed class SourceIntake(DatasetOptions options)
{
    /// <summary>The folder beside a file that came in, for what becomes a version.</summary>
    public const string Staged = "staged";

    private const int TarMarkAt = 257;

    /// <summary>Takes the file away from where it lies.</summary>
    /// <param name="received">The file with what came in.</param>
    /// <param name="sha256">Of it.</param>
    /// <param name="sourceName">Cleaned.</param>
    /// <param name="room">How many bytes the user may have of it, unpacked.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="HttpFaultException">415: it is something else. 422: it cannot be read.</exception>
    public async Task<StagedSource> StageAsync(string received, string sha256, string sourceName, long room, CancellationToken cancellationToken)
    {
        var kind = SourceKind.Of(sourceName);
        if (new FileInfo(received).Length == 0)
        {
            throw DatasetFaults.Unreadable("empty_dataset", $"'{sourceName}' is empty.", "Put at least one row into it.");
        }

        RequireContent(received, kind, sourceName);
        var folder = Path.Combine(Path.GetDirectoryName(received)!, Staged);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        PrivateFiles.CreateFolder(folder);
        var staged = await TakeAsync(received, sha256, kind, sourceName, folder, room, cancellationToken);
        var path = Path.Combine(folder, staged.FileName);
        await Task.Run(() => QuickCheck.Run(path, sourceName, options.ReadAtOnce, cancellationToken), cancellationToken);
        return staged;
    }

    private async Task<StagedSource> TakeAsync(string received, string sha256, SourceKind kind, string sourceName, string folder, long room, CancellationToken cancellationToken)
    {
        if (kind.Packing == Packing.None)
        {
            var name = "source" + kind.Extension;
            var bytes = new FileInfo(received).Length;
            File.Move(received, Path.Combine(folder, name));
            return new StagedSource(folder, name, sourceName, sha256, bytes);
        }

        var unpacked = await Unpacker.UnpackAsync(received, kind, folder, room, options.Create, cancellationToken);
        var head = Head(Path.Combine(folder, unpacked.FileName));
        if (FileSignatures.Find(head) is { } other)
        {
            throw Packed(head) ? ArchiveFaults.Nested(unpacked.FileName) : WrongContent(sourceName, other.Name, other.Remedy);
        }

        File.Delete(received);
        return new StagedSource(folder, unpacked.FileName, sourceName, unpacked.Sha256, unpacked.Bytes);
    }

    private static void RequireContent(string path, SourceKind kind, string name)
    {
        var head = Head(path);
        var isAsNamed = kind.Packing switch
        {
            Packing.None => FileSignatures.Find(head) is null,
            Packing.Zip => head.AsSpan().StartsWith("PK\u0003\u0004"u8) || head.AsSpan().StartsWith("PK\u0005\u0006"u8),
            Packing.Tar => head.Length >= TarMarkAt + 5 && head.AsSpan(TarMarkAt, 5).SequenceEqual("ustar"u8),
            _ => head.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]),
        };
        if (!isAsNamed)
        {
            var (content, remedy) = FileSignatures.Find(head) ?? ("something else", "Give the file the name that fits its content.");
            throw WrongContent(name, content, remedy);
        }
    }

    private static bool Packed(ReadOnlySpan<byte> head) => head.StartsWith("PK"u8) || head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]);

    private static HttpFaultException WrongContent(string name, string content, string remedy) => new(StatusCodes.Status415UnsupportedMediaType, new Fault(
        "wrong_content", $"'{name}' is not what its name says: its content is {content}.", remedy, "file"));

    private static byte[] Head(string path)
    {
        var head = new byte[512];
        using var file = File.OpenHandle(path);
        return head[..RandomAccess.Read(file, head, 0)];
    }
}
