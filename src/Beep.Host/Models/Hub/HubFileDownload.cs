using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Beep.Host.Hosting;

namespace Beep.Host.Models.Hub;

/// <summary>
/// One file of a download. What has come lies in <c>NAME.HASH.part</c> and is gone on with, whoever was interrupted; the file has its
/// own name once its bytes are on the disk and are those that the hub promised.
/// </summary>
internal sealed class HubFileDownload(HubClient client, HubOptions options, HubPlan plan, HubFile file, string folder, Action<long> arrived)
{
    private const int BufferBytes = 1 << 18;
    private const string PartSuffix = ".part";

    private string Place => Path.Combine(folder, file.Name);

    /// <summary>Named after the content: a part of another version is never gone on with.</summary>
    private string Part => Path.Combine(folder, $"{file.Name}.{Promise()}{PartSuffix}");

    /// <summary>How much of it is there.</summary>
    public long Present => File.Exists(Place) ? new FileInfo(Place).Length : File.Exists(Part) ? new FileInfo(Part).Length : 0;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(Place) && new FileInfo(Place).Length == file.Bytes && await HashPlaceAsync(cancellationToken))
        {
            return;
        }

        if (File.Exists(Place))
        {
            arrived(-Math.Min(new FileInfo(Place).Length, file.Bytes));
            File.Delete(Place);
        }

        for (var failures = 0; ;)
        {
            var before = File.Exists(Part) ? new FileInfo(Part).Length : 0;
            try
            {
                await RunOnceAsync(cancellationToken);
                return;
            }
            catch (MismatchException) when (before > 0)
            {
                // What lay there was not what it seemed: once more, from the beginning.
            }
            catch (MismatchException error)
            {
                throw HubFaults.Mismatch(file.Name, error.Expected, error.Message);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested && HubClient.IsPassing(error))
            {
                // As long as something comes, the hub is asked again: large files come over poor lines too.
                failures = File.Exists(Part) && new FileInfo(Part).Length > before ? 0 : failures + 1;
                if (failures >= options.Tries)
                {
                    throw HubFaults.Failed(file.Name, HubClient.ReasonOf(error), error);
                }

                await client.WaitAsync(Math.Max(failures, 1), error, cancellationToken);
            }
        }
    }

    private async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        using var hash = Begin();
        await using var part = PrivateFiles.Open(Part, FileMode.OpenOrCreate, FileShare.None);
        if (part.Length > file.Bytes)
        {
            part.SetLength(0);
            arrived(-file.Bytes);
        }

        await AppendAsync(hash, part, cancellationToken);
        if (part.Length < file.Bytes)
        {
            await ReceiveAsync(hash, part, cancellationToken);
        }

        part.Flush(flushToDisk: true);
        Check(hash, part);
        await part.DisposeAsync();
        File.Move(Part, Place, overwrite: true);
    }

    private async Task ReceiveAsync(IncrementalHash hash, FileStream part, CancellationToken cancellationToken)
    {
        using var answer = await client.OpenFileAsync(plan.Repository, plan.Commit, file, part.Length, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.PartialContent || answer.Content.Headers.ContentRange?.From != part.Length)
        {
            // From the beginning, whatever was asked for; and where the hub finds our part too long, there is no use in it.
            arrived(-part.Length);
            part.SetLength(0);
            Restart(hash);
            if (!answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.PartialContent)
            {
                throw new HubRetryException($"it answers {(int)answer.StatusCode}");
            }
        }

        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[BufferBytes];
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        while (true)
        {
            silence.CancelAfter(options.Silence);
            var count = await stream.ReadAsync(buffer, silence.Token);
            if (count == 0)
            {
                break;
            }

            if (part.Length + count > file.Bytes)
            {
                arrived(-part.Length);
                part.SetLength(0);
                throw HubFaults.Mismatch(file.Name, $"of {file.Bytes:N0} bytes", "of more bytes");
            }

            await part.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            hash.AppendData(buffer, 0, count);
            arrived(count);
        }

        if (part.Length < file.Bytes)
        {
            throw new EndOfStreamException("The connection ended before the file did.");
        }
    }

    private void Check(IncrementalHash hash, FileStream part)
    {
        var actual = Convert.ToHexStringLower(hash.GetCurrentHash());
        if (Expected() is { } expected && actual != expected)
        {
            arrived(-part.Length);
            part.SetLength(0);
            throw new MismatchException(expected, actual);
        }
    }

    private async Task<bool> HashPlaceAsync(CancellationToken cancellationToken)
    {
        using var hash = Begin();
        await using var stream = new FileStream(Place, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        await AppendAsync(hash, stream, cancellationToken);
        return Expected() is { } expected && Convert.ToHexStringLower(hash.GetCurrentHash()) == expected;
    }

    private static async Task AppendAsync(IncrementalHash hash, FileStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        stream.Position = 0;
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            hash.AppendData(buffer, 0, count);
        }
    }

    private IncrementalHash Begin()
    {
        var hash = IncrementalHash.CreateHash(file.Sha256 is null ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256);
        Restart(hash);
        return hash;
    }

    private void Restart(IncrementalHash hash)
    {
        hash.GetHashAndReset();
        if (file.Sha256 is null)
        {
            hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Bytes}\0")));
        }
    }

    private string? Expected() => file.Sha256 ?? file.BlobSha1;

    private string Promise() => (Expected() ?? plan.Commit)[..16];

    private sealed class MismatchException(string expected, string actual) : Exception(actual)
    {
        public string Expected => expected;
    }
}
