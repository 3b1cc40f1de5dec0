using Beep.LanguageModels.Datasets.Findings;

namespace Beep.LanguageModels.Datasets.Records;

/// <summary>One row inside a <see cref="RecordBlock"/>.</summary>
/// <param name="Start">Where its bytes begin.</param>
/// <param name="Length">How many there are; 0 for a row that could not be cut out of the file.</param>
/// <param name="Line">The line of the file on which it begins, from 1.</param>
/// <param name="Fault">Why it could not be cut out; null for a row that was.</param>
internal readonly record struct RecordSpan(int Start, int Length, long Line, Finding? Fault = null);

/// <summary>
/// Consecutive rows of a file, each one JSON object in UTF-8 whatever the file's own layout is, so that every
/// later stage knows one notation. A block is filled by one thread and then read by another.
/// </summary>
internal sealed class RecordBlock
{
    private const int LargestKept = 4 * RecordLimits.BlockBytes;

    private readonly List<RecordSpan> _records = [];
    private byte[] _buffer = new byte[RecordLimits.BlockBytes * 5 / 4];
    private int _length;
    private int _open;
    private long _openLine;

    public IReadOnlyList<RecordSpan> Records => _records;

    public bool IsFull => _length >= RecordLimits.BlockBytes || _records.Count >= RecordLimits.BlockRecords;

    /// <summary>Whether the row being written is longer than <see cref="RecordLimits.MaxRecordBytes"/>.</summary>
    public bool IsOverlong => _length - _open > RecordLimits.MaxRecordBytes;

    public ReadOnlySpan<byte> Bytes(in RecordSpan record) => _buffer.AsSpan(record.Start, record.Length);

    /// <summary>Makes the block empty again; a buffer that one long row has blown up is given back.</summary>
    public void Clear()
    {
        _records.Clear();
        _length = _open = 0;
        if (_buffer.Length > LargestKept)
        {
            _buffer = new byte[RecordLimits.BlockBytes * 5 / 4];
        }
    }

    /// <summary>Starts a row; what was written of an unfinished one is forgotten.</summary>
    public void Begin(long line)
    {
        _length = _open;
        _openLine = line;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_length + bytes.Length > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_length + bytes.Length, _buffer.Length * 2));
        }

        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>Finishes the row.</summary>
    public void End()
    {
        _records.Add(new RecordSpan(_open, _length - _open, _openLine));
        _open = _length;
    }

    /// <summary>Puts an error in the place of the row.</summary>
    public void Refuse(string code, string message, string remedy)
    {
        _length = _open;
        _records.Add(new RecordSpan(_open, 0, _openLine, new Finding(_openLine, code, message, remedy, FindingSeverity.Error)));
    }

    /// <summary>Refuses the row for its length.</summary>
    public void RefuseOverlong() => Refuse(
        FindingCodes.LineTooLong,
        $"The row is longer than {RecordLimits.MaxRecordBytes >> 20} MiB.",
        "Split it into several rows, or look for a missing line end or quotation mark.");
}
