using Beep.Contracts;
using Beep.LanguageModels.Datasets.Records;

namespace Beep.LanguageModels.Datasets;

/// <summary>A file of rows whose name and first bytes have been looked at.</summary>
internal sealed class DatasetFile
{
    /// <summary>The file names that are read.</summary>
    public const string KnownExtensions = ".jsonl, .json, .csv, .txt";

    private DatasetFile(string path, DatasetContainer container, long bytes)
    {
        Path = path;
        Container = container;
        Bytes = bytes;
    }

    /// <summary>The path as the user gave it.</summary>
    public string Path { get; }

    /// <summary>How rows are laid out.</summary>
    public DatasetContainer Container { get; }

    /// <summary>The size.</summary>
    public long Bytes { get; }

    /// <summary>Looks at the name and the first bytes.</summary>
    /// <exception cref="FaultException">It cannot be read, or is no dataset (exit code 20).</exception>
    public static DatasetFile Open(string path)
    {
        var extension = System.IO.Path.GetExtension(path).ToLowerInvariant();
        using var stream = OpenStream(path);
        Span<byte> head = stackalloc byte[FileSignatures.Length];
        head = head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        if (FileSignatures.Find(head) is { } other)
        {
            throw FaultException.Invalid("not_a_dataset", $"'{path}' holds no rows: its content is {other.Name}.", other.Remedy, path);
        }

        DatasetContainer container = extension switch
        {
            ".jsonl" => DatasetContainer.JsonLines,
            ".json" => JsonLayout(stream, path),
            ".csv" => DatasetContainer.Csv,
            ".txt" => DatasetContainer.PlainText,
            _ => throw FaultException.Invalid(
                "unknown_extension",
                $"'{path}' has the extension '{extension}', which names no known layout of rows.",
                $"Rename or convert the file; known: {KnownExtensions}.",
                path),
        };
        return new DatasetFile(path, container, stream.Length);
    }

    /// <summary>Begins to read the rows.</summary>
    public IRecordSource ReadRecords()
    {
        var stream = OpenStream(Path);
        try
        {
            IRecordSource records = Container switch
            {
                DatasetContainer.JsonLines => new LineRecords(stream, isPlainText: false),
                DatasetContainer.JsonArray => new JsonArrayRecords(stream),
                DatasetContainer.Csv => new CsvRecords(stream, Path),
                DatasetContainer.PlainText => new LineRecords(stream, isPlainText: true),
            };
            return new GuardedRecords(records, Path);
        }
        catch (IOException error)
        {
            stream.Dispose();
            throw DatasetFaults.Unreadable(Path, error);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file to be read once from its beginning to its end.</summary>
    /// <exception cref="FaultException">It cannot be read (exit code 20).</exception>
    public static FileStream OpenStream(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw DatasetFaults.Unreadable(path, error);
        }
    }

    /// <summary>A <c>.json</c> file is one array, or an object a line; one object over many lines is neither.</summary>
    private static DatasetContainer JsonLayout(FileStream stream, string path)
    {
        stream.Position = 0;
        var lines = new BoundedLineReader(stream, RecordLimits.MaxRecordBytes);
        while (lines.TryRead(out var line))
        {
            var text = line.Bytes.Span;
            text = text.StartsWith(ByteWindow.ByteOrderMark) ? text[ByteWindow.ByteOrderMark.Length..] : text;
            var start = text.IndexOfAnyExcept(" \t\r"u8);
            if (start < 0)
            {
                continue;
            }

            if (text[start] == '[')
            {
                return DatasetContainer.JsonArray;
            }

            return !line.IsOverlong && IsCutOff(text)
                ? throw FaultException.Invalid(
                    "not_a_dataset",
                    $"'{path}' begins with one object over several lines.",
                    "Write the rows as an array of objects, or as one object a line.",
                    path)
                : DatasetContainer.JsonLines;
        }

        return DatasetContainer.JsonLines;
    }

    /// <summary>Whether a line is the beginning of an object that was written for people to read.</summary>
    private static bool IsCutOff(ReadOnlySpan<byte> text)
    {
        var trimmed = text.Trim(" \t\r"u8);
        return trimmed[0] == '{' && trimmed[^1] is (byte)'{' or (byte)'[' or (byte)',';
    }
}
