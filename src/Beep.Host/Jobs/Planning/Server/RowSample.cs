using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Datasets.Records;
using Beep.LanguageModels.Tokenization;

namespace Beep.Host.Jobs.Planning.Server;

/// <summary>
/// What rows come to, told quickly: a small file is read whole; of a large one rows from all over are, and the figures are those of the
/// whole by proportion. What was read once is remembered while the file stays as it is.
/// </summary>
internal sealed class RowSample(HostPaths paths) : IDisposable
{
    /// <summary>How much of a file is read.</summary>
    public const long MostBytes = 4L << 20;

    private const int Pieces = 16;
    private const int MostKept = 64;

    private readonly Dictionary<string, (DatasetReport Report, double Share)> _known = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _reading = new(2, 2);

    /// <summary>The report of a file as <see cref="DatasetChecker.Check"/> gives it, and the part of the file that it is made of.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rows">How many rows it has; null where nobody knows.</param>
    /// <param name="model">The folder of the tokenizer, which makes part of what is remembered.</param>
    /// <param name="options">How it is looked at.</param>
    /// <param name="tokenizer">Counts tokens.</param>
    /// <param name="template">Of the model.</param>
    /// <param name="cancellation">Stops.</param>
    public (DatasetReport Report, double Share) Read(string path, long? rows, string model, DatasetCheckOptions options, Tokenizer? tokenizer, ChatTemplate? template, CancellationToken cancellation)
    {
        var file = new FileInfo(path);
        var key = string.Join('\n', path, file.Length, file.LastWriteTimeUtc.Ticks, model, Directory.GetLastWriteTimeUtc(model).Ticks, options.Task, JsonSerializer.Serialize(options.Data with { Train = "", Validation = null }));
        lock (_gate)
        {
            if (_known.TryGetValue(key, out var known))
            {
                return known;
            }
        }

        _reading.Wait(cancellation);
        try
        {
            var read = file.Length <= MostBytes ? (DatasetChecker.Check(path, options, tokenizer, template, cancellation), 1.0) : ReadPart(file, rows, options, tokenizer, template, cancellation);
            lock (_gate)
            {
                if (_known.TryAdd(key, read))
                {
                    _order.Enqueue(key);
                }

                if (_order.Count > MostKept)
                {
                    _known.Remove(_order.Dequeue());
                }
            }

            return read;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>A report with its counts multiplied; lengths and findings stay.</summary>
    public static DatasetReport Scale(DatasetReport report, double factor)
    {
        return report with
        {
            Rows = Times(report.Rows),
            ValidRows = Times(report.ValidRows),
            Tokens = report.Tokens is { } tokens
                ? tokens with { Rows = Times(tokens.Rows), Tokens = Times(tokens.Tokens), TrainableTokens = Times(tokens.TrainableTokens), Sequences = Times(tokens.Sequences), Overlong = Times(tokens.Overlong), TokensCut = Times(tokens.TokensCut), Untrainable = Times(tokens.Untrainable) }
                : null,
        };

        // What is there stays there, however little.
        long Times(long count) => count == 0 ? 0 : Math.Max(1, (long)Math.Round(count * factor));
    }

    public void Dispose() => _reading.Dispose();

    private (DatasetReport Report, double Share) ReadPart(FileInfo file, long? rows, DatasetCheckOptions options, Tokenizer? tokenizer, ChatTemplate? template, CancellationToken cancellation)
    {
        var opened = DatasetFile.Open(file.FullName);
        var isLines = opened.Container is DatasetContainer.JsonLines or DatasetContainer.PlainText;
        var folder = Path.Combine(paths.FineTune, "samples");
        PrivateFiles.CreateFolder(folder);
        var sample = Path.Combine(folder, PublicId.New() + (opened.Container == DatasetContainer.PlainText ? ".txt" : ".jsonl"));
        try
        {
            long taken;
            using (var target = PrivateFiles.Open(sample, FileMode.CreateNew, FileShare.None))
            {
                taken = isLines ? CopyLines(file, target, cancellation) : CopyHead(opened, target, cancellation);
            }

            var report = DatasetChecker.Check(sample, options, tokenizer, template, cancellation);
            var share = Math.Min(1, (double)taken / file.Length);
            return (Scale(report with { File = file.FullName, Bytes = file.Length }, rows is { } all && report.Rows > 0 ? (double)all / report.Rows : 1 / share), share);
        }
        finally
        {
            File.Delete(sample);
        }
    }

    /// <summary>Whole lines from places that lie evenly over the file.</summary>
    private static long CopyLines(FileInfo file, FileStream target, CancellationToken cancellation)
    {
        var taken = 0L;
        for (var piece = 0; piece < Pieces; piece++)
        {
            using var source = DatasetFile.OpenStream(file.FullName);
            source.Position = file.Length / Pieces * piece;
            var lines = new BoundedLineReader(source, RecordLimits.MaxRecordBytes);
            var (isFirst, limit) = (piece > 0, taken + (MostBytes / Pieces));
            while (taken < limit && lines.TryRead(out var line))
            {
                cancellation.ThrowIfCancellationRequested();
                // The first one is the end of a line that began before.
                if (!isFirst && !line.IsOverlong)
                {
                    target.Write(line.Bytes.Span);
                    target.WriteByte((byte)'\n');
                    taken += line.Bytes.Length + 1;
                }

                isFirst = false;
            }
        }

        return taken;
    }

    /// <summary>The first rows of a file whose rows cannot be found from its middle.</summary>
    private static long CopyHead(DatasetFile file, FileStream target, CancellationToken cancellation)
    {
        var taken = 0L;
        using var source = file.ReadRecords();
        var block = new RecordBlock();
        while (taken < MostBytes && source.Fill(block))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var record in block.Records.Where(record => record.Fault is null && record.Length > 0))
            {
                target.Write(block.Bytes(record));
                target.WriteByte((byte)'\n');
                taken += record.Length + 1;
            }

            block.Clear();
        }

        return taken;
    }
}
