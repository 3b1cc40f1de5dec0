using System.Buffers;

namespace Beep.LanguageModels.Datasets.Records;

/// <summary>Reads records of RFC 4180: commas, quotation marks doubled inside quoted cells, quoted line ends; LF is accepted for CRLF.</summary>
internal sealed class CsvReader(Stream stream)
{
    private static readonly SearchValues<byte> EndsPlain = SearchValues.Create(",\"\n"u8);

    private readonly ByteWindow _window = new(stream);
    private readonly List<(int Start, int Length)> _cells = [];
    private byte[] _text = new byte[1 << 12];
    private int _length;
    private int _cellStart;
    private State _state;

    private enum State
    {
        CellStart,
        Plain,
        Quoted,
        QuoteClosed,
        RecordEnd,
    }

    /// <summary>The line on which the record begins.</summary>
    public long Line { get; private set; }

    /// <summary>How many cells the record has, also beyond those that are kept.</summary>
    public int CellCount { get; private set; }

    /// <summary>Whether the record is longer than <see cref="RecordLimits.MaxRecordBytes"/>; its cells are void then.</summary>
    public bool IsOverlong { get; private set; }

    /// <summary>What breaks RFC 4180; null when nothing does.</summary>
    public string? Fault { get; private set; }

    /// <summary>The value of one of the first <see cref="RecordLimits.MaxColumns"/> cells; valid until the next record is read.</summary>
    public ReadOnlySpan<byte> Cell(int index) => _text.AsSpan(_cells[index].Start, _cells[index].Length);

    /// <summary>Reads the next record that is not a blank line; false at the end of the file.</summary>
    public bool TryRead()
    {
        do
        {
            if (_window.Next().IsEmpty)
            {
                return false;
            }

            ReadRecord();
        }
        while (CellCount == 1 && _cells[0].Length == 0 && Fault is null && !IsOverlong);

        return true;
    }

    private void ReadRecord()
    {
        (Line, CellCount, IsOverlong, Fault) = (_window.Line, 0, false, null);
        _cells.Clear();
        _length = _cellStart = 0;
        _state = State.CellStart;
        while (_state != State.RecordEnd)
        {
            var bytes = _window.Next();
            if (bytes.IsEmpty)
            {
                if (_state == State.Quoted)
                {
                    Fault ??= "The file ends inside a quoted cell.";
                }

                EndCell();
                return;
            }

            _window.Advance(_state switch
            {
                State.CellStart => StartCell(bytes),
                State.Plain => FollowPlain(bytes),
                State.Quoted => FollowQuoted(bytes),
                _ => FollowClosed(bytes),
            });
        }
    }

    private int StartCell(ReadOnlySpan<byte> bytes)
    {
        var isQuoted = bytes[0] == '"';
        _state = isQuoted ? State.Quoted : State.Plain;
        return isQuoted ? 1 : 0;
    }

    private int FollowPlain(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOfAny(EndsPlain);
        if (end < 0)
        {
            Keep(bytes);
            return bytes.Length;
        }

        Keep(bytes[..end]);
        if (bytes[end] == '"')
        {
            Fault ??= "A quotation mark stands inside a cell that does not begin with one.";
        }
        else
        {
            EndCell(bytes[end], stripReturn: true);
        }

        return end + 1;
    }

    private int FollowQuoted(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'"');
        Keep(end < 0 ? bytes : bytes[..end]);
        if (end < 0)
        {
            return bytes.Length;
        }

        _state = State.QuoteClosed;
        return end + 1;
    }

    private int FollowClosed(ReadOnlySpan<byte> bytes)
    {
        switch (bytes[0])
        {
            case (byte)'"':
                Keep("\""u8);
                _state = State.Quoted;
                break;
            case (byte)',' or (byte)'\n':
                EndCell(bytes[0], stripReturn: false);
                break;
            case (byte)'\r':
                break;
            default:
                Fault ??= "Text follows the closing quotation mark of a cell.";
                _state = State.Plain;
                break;
        }

        return 1;
    }

    private void EndCell(byte separator, bool stripReturn)
    {
        if (stripReturn && separator == '\n' && _length > _cellStart && _text[_length - 1] == '\r')
        {
            _length--;
        }

        EndCell();
        _state = separator == ',' ? State.CellStart : State.RecordEnd;
    }

    private void EndCell()
    {
        if (CellCount++ < RecordLimits.MaxColumns)
        {
            _cells.Add((_cellStart, _length - _cellStart));
        }

        _cellStart = _length;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_length + bytes.Length > RecordLimits.MaxRecordBytes)
        {
            IsOverlong = true;
            _length = _cellStart = 0;
            _cells.Clear();
        }

        if (IsOverlong)
        {
            return;
        }

        if (_length + bytes.Length > _text.Length)
        {
            Array.Resize(ref _text, Math.Max(_length + bytes.Length, _text.Length * 2));
        }

        bytes.CopyTo(_text.AsSpan(_length));
        _length += bytes.Length;
    }
}
