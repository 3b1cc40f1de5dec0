using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Tasks;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Records;

namespace Beep.Host.Jobs.Specs;

/// <summary>
/// Rows that are held out of a dataset for one job: which they are follows from the seed and the rows themselves, so that the same job
/// holds out the same rows and equal rows stay on one side.
/// </summary>
/// <param name="Source">The file that is split.</param>
/// <param name="Share">The part that is held out, between 0 and 1.</param>
/// <param name="Seed">Of the draw.</param>
internal sealed record RowSplit(string Source, double Share, long Seed)
{
    public const double MostShare = 0.5;

    private const string FileName = "split.json";
    private const int BufferBytes = 1 << 16;

    // Beyond so many rows the share is met on the average and not to the row.
    private const int MostCounted = 4_000_000;

    /// <summary>The rows to learn from.</summary>
    public static string TrainOf(JobFolder folder) => Path.Combine(folder.Root, "data", "train.jsonl");

    /// <summary>The rows that are held out.</summary>
    public static string ValidationOf(JobFolder folder) => Path.Combine(folder.Root, "data", "validation.jsonl");

    /// <summary>What a job folder says of its split; null where its rows are not split.</summary>
    public static RowSplit? Read(JobFolder folder) =>
        Path.Combine(folder.Root, FileName) is var path && File.Exists(path) ? JsonSerializer.Deserialize<RowSplit>(File.ReadAllBytes(path), TaskJson.Options) : null;

    /// <summary>Writes it into a job folder.</summary>
    public void Write(JobFolder folder) => AtomicFile.Write(Path.Combine(folder.Root, FileName), JsonSerializer.SerializeToUtf8Bytes(this, TaskJson.Options));

    /// <summary>Makes both files where they are not there yet.</summary>
    /// <exception cref="FaultException">The rows cannot be read, or are too few.</exception>
    public void Apply(JobFolder folder, CancellationToken cancellationToken)
    {
        var (train, validation) = (TrainOf(folder), ValidationOf(folder));
        if (File.Exists(train) && File.Exists(validation))
        {
            return;
        }

        var file = DatasetFile.Open(Source);
        var bound = FindBound(file, cancellationToken);
        PrivateFiles.CreateFolder(Path.GetDirectoryName(train)!);
        var (partialTrain, partialValidation) = (train + ".partial", validation + ".partial");
        using (var learnt = Create(partialTrain))
        using (var heldOut = Create(partialValidation))
        {
            foreach (var (bytes, hash) in Rows(file, cancellationToken))
            {
                var to = hash <= bound ? heldOut : learnt;
                to.Write(bytes.Span);
                to.WriteByte((byte)'\n');
            }

            learnt.Flush();
            heldOut.Flush();
            ((FileStream)learnt.UnderlyingStream).Flush(flushToDisk: true);
            ((FileStream)heldOut.UnderlyingStream).Flush(flushToDisk: true);
        }

        File.Move(partialValidation, validation, overwrite: true);
        File.Move(partialTrain, train, overwrite: true);
    }

    private static BufferedStream Create(string path) => new(PrivateFiles.Open(path, FileMode.Create, FileShare.None), BufferBytes);

    /// <summary>The largest hash of a row that is held out.</summary>
    private ulong FindBound(DatasetFile file, CancellationToken cancellationToken)
    {
        List<ulong> hashes = [];
        var count = 0L;
        foreach (var (_, hash) in Rows(file, cancellationToken))
        {
            count++;
            if (hashes.Count < MostCounted)
            {
                hashes.Add(hash);
            }
        }

        if (count > MostCounted)
        {
            return (ulong)(Share * ulong.MaxValue);
        }

        hashes.Sort();
        var distinct = hashes.Distinct().ToList();
        if (distinct.Count < 2)
        {
            throw FaultException.Invalid("too_few_rows", $"The dataset has {Units.Count(distinct.Count, "different row")}, so none can be held out.", "Take a dataset with more rows, or hold none out.", "validation_share");
        }

        var wanted = Math.Clamp((int)Math.Round(Share * hashes.Count), 1, hashes.Count - 1);
        // Equal rows have equal hashes and cannot be parted; at least one other row stays to be learnt.
        return Math.Min(hashes[wanted - 1], distinct[^2]);
    }

    private IEnumerable<(ReadOnlyMemory<byte> Bytes, ulong Hash)> Rows(DatasetFile file, CancellationToken cancellationToken)
    {
        using var source = file.ReadRecords();
        var block = new RecordBlock();
        while (source.Fill(block))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var record in block.Records)
            {
                // What cannot be cut out of the file was reported when the dataset was checked.
                if (record.Fault is null && record.Length > 0)
                {
                    var bytes = block.Bytes(record).ToArray();
                    yield return (bytes, Hash(bytes));
                }
            }

            block.Clear();
        }
    }

    private ulong Hash(ReadOnlySpan<byte> row)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> seed = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(seed, Seed);
        hash.AppendData(seed);
        hash.AppendData(row);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return BinaryPrimitives.ReadUInt64LittleEndian(digest);
    }
}
