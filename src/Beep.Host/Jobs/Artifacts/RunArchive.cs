using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Runs;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Artifacts;

/// <summary>
/// Everything of a run as one .zip, made while it is sent: no temporary file, a bounded memory, whatever the size. What a running worker
/// appends meanwhile is in the next archive. SHA256SUMS, the last entry, is what <c>sha256sum -c</c> reads.
/// </summary>
internal sealed class RunArchive(HostPaths paths, ArtifactStore store, RunResults results)
{
    private const int BufferBytes = 1 << 17;

    // Weights do not get smaller.
    private static readonly string[] Incompressible = [".safetensors", ".gguf"];

    public async Task WriteAsync(Job job, Stream target, CancellationToken cancellationToken)
    {
        var folder = new JobFolder(paths.Job(job.Id));
        var sums = new StringBuilder();
        var zip = await ZipArchive.CreateAsync(target, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken).ConfigureAwait(false);
        await using var _ = zip.ConfigureAwait(false);
        await AddTextAsync("job.json", JsonSerializer.Serialize(Describe(job), TaskJson.Options)).ConfigureAwait(false);
        if (job.Plan is { } plan)
        {
            await AddTextAsync("plan.json", plan).ConfigureAwait(false);
        }

        foreach (var path in new[] { folder.Spec, folder.Exit, folder.Output })
        {
            await AddFileAsync(Path.GetFileName(path), path, wholeLines: false).ConfigureAwait(false);
        }

        await AddFileAsync(Path.GetFileName(folder.Events), folder.Events, wholeLines: true).ConfigureAwait(false);
        await AddAsync("metrics.csv", CompressionLevel.Fastest, stream => results.WriteAsync(job.Id, stream, cancellationToken)).ConfigureAwait(false);
        foreach (var artifact in store.List(job.Id))
        {
            foreach (var file in artifact.Files)
            {
                await AddFileAsync($"artifacts/{artifact.Name}{(artifact.IsFolder ? "/" + file.Name : "")}", file.Info.FullName, wholeLines: false).ConfigureAwait(false);
            }
        }

        await AddTextAsync("SHA256SUMS", sums.ToString()).ConfigureAwait(false);

        Task AddTextAsync(string name, string text) => AddAsync(name, CompressionLevel.Fastest, stream => stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).AsTask());

        async Task AddFileAsync(string name, string path, bool wholeLines)
        {
            FileStream source;
            try
            {
                source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BufferBytes, FileOptions.Asynchronous | FileOptions.SequentialScan);
            }
            catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
            {
                return;
            }

            await using var __ = source.ConfigureAwait(false);
            var length = wholeLines ? Runs.Events.RunEventFile.End(path).Offset : source.Length;
            var level = Incompressible.Contains(Path.GetExtension(path)) ? CompressionLevel.NoCompression : CompressionLevel.Fastest;
            await AddAsync(name, level, stream => CopyAsync(source, stream, length, cancellationToken)).ConfigureAwait(false);
        }

        async Task AddAsync(string name, CompressionLevel level, Func<Stream, Task> write)
        {
            var entry = await zip.CreateEntry(name, level).OpenAsync(cancellationToken).ConfigureAwait(false);
            await using var __ = entry.ConfigureAwait(false);
            using var hash = SHA256.Create();
            var hashed = new CryptoStream(entry, hash, CryptoStreamMode.Write, leaveOpen: true);
            await using (hashed.ConfigureAwait(false))
            {
                await write(hashed).ConfigureAwait(false);
            }

            sums.Append(Convert.ToHexStringLower(hash.Hash!)).Append("  ").Append(name).Append('\n');
        }
    }

    private static async Task CopyAsync(FileStream source, Stream target, long length, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        for (int read; length > 0 && (read = await source.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, length)), cancellationToken).ConfigureAwait(false)) > 0; length -= read)
        {
            await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }
    }

    private static object Describe(Job job) => new
    {
        job.Id,
        job.Name,
        State = job.State.Word(),
        job.ModelId,
        job.ModelName,
        job.ParentId,
        job.Preset,
        job.Backend,
        job.Method,
        job.Step,
        job.TotalSteps,
        job.Loss,
        job.EvaluationLoss,
        job.TrainedTokens,
        job.DeviceSeconds,
        job.ErrorCode,
        job.Error,
        job.ErrorRemedy,
        job.CreatedAt,
        job.StartedAt,
        job.FinishedAt,
    };
}
