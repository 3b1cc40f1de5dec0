using Beep.Host.Datasets.Files;
using Beep.Host.Datasets.Uploading;

namespace Beep.Host.Datasets.Archives;

/// <summary>What came out of an archive.</summary>
/// <param name="FileName">In the folder.</param>
/// <param name="Sha256">Of the file.</param>
/// <param name="Bytes">How long it is.</param>
internal sealed record Unpacked(string FileName, string Sha256, long Bytes);

/// <summary>Takes the rows out of an archive, within what the archive's size and the user's quota allow.</summary>
internal static class Unpacker
{
    /// <param name="archive">The file.</param>
    /// <param name="kind">How it is packed.</param>
    /// <param name="folder">Where the rows go: a fresh one, so that nothing can lie in the way.</param>
    /// <param name="most">How many bytes may come out.</param>
    /// <param name="create">Opens a new file.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="Hosting.Http.HttpFaultException">422.</exception>
    public static async Task<Unpacked> UnpackAsync(string archive, SourceKind kind, string folder, long most, Func<string, FileStream> create, CancellationToken cancellationToken)
    {
        using var file = File.OpenHandle(archive);
        most = Math.Min(most, (RandomAccess.GetLength(file) * ArchiveLimits.Ratio) + ArchiveLimits.Slack);
        var limit = new ByteLimit(most, ArchiveFaults.ExpandsTooFar);
        using var target = new UnpackedFile(folder, limit, create);
        try
        {
            await Task.Run(() => Unpack(file, kind, target, limit, cancellationToken), cancellationToken);
        }
        catch (InvalidDataException)
        {
            throw ArchiveFaults.Broken("archive", "what is packed in it is damaged");
        }

        return new Unpacked(target.Name ?? throw ArchiveFaults.NoRows(), await target.CompleteAsync(cancellationToken), target.Length);
    }

    private static void Unpack(Microsoft.Win32.SafeHandles.SafeFileHandle file, SourceKind kind, UnpackedFile target, ByteLimit limit, CancellationToken cancellationToken)
    {
        switch (kind.Packing)
        {
            case Packing.Gzip:
                using (var content = new GzipReader(file).Open())
                {
                    target.Begin("source", kind.Extension!);
                    target.Copy(content, "source", null, cancellationToken);
                }

                break;
            case Packing.Zip:
                new ZipReader(file, target).Unpack(cancellationToken);
                break;
            case Packing.Tar:
                using (var content = new FileSlice(file, 0, RandomAccess.GetLength(file)))
                {
                    new TarReader(content, target).Unpack(cancellationToken);
                }

                break;
            case Packing.TarGzip:
                // What is passed over counts, too: a bomb is one also in a file that nobody asked for.
                using (var content = new CountedStream(new GzipReader(file).Open(), limit))
                {
                    new TarReader(content, target).Unpack(cancellationToken);
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind.Packing, "Not packed.");
        }
    }
}
