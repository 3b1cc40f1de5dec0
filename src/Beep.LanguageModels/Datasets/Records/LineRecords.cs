using Beep.Contracts;

namespace Beep.LanguageModels.Datasets.Records;

/// <summary>
/// A row a line: of <c>.jsonl</c> as it stands, of <c>.txt</c> as the <c>text</c> of an object. Lines end in LF or
/// CRLF; blank ones are passed over; a byte order mark is allowed.
/// </summary>
internal sealed class LineRecords(Stream stream, bool isPlainText) : IRecordSource
{
    private readonly BoundedLineReader _reader = new(stream, RecordLimits.MaxRecordBytes);
    private long _line;

    public bool Fill(RecordBlock block)
    {
        while (!block.IsFull && _reader.TryRead(out var line))
        {
            _line++;
            Take(line, block);
        }

        return block.Records.Count > 0;
    }

    public void Dispose() => stream.Dispose();

    private void Take(in BoundedLine line, RecordBlock block)
    {
        var bytes = line.Bytes.Span;
        if (_line == 1 && bytes.StartsWith(ByteWindow.ByteOrderMark))
        {
            bytes = bytes[ByteWindow.ByteOrderMark.Length..];
        }

        block.Begin(_line);
        if (line.IsOverlong)
        {
            block.RefuseOverlong();
        }
        else if (bytes.IndexOfAnyExcept(" \t\r"u8) < 0)
        {
            return;
        }
        else if (isPlainText)
        {
            block.Append("{\"text\":\""u8);
            JsonTextWriter.Append(block, bytes);
            block.Append("\"}"u8);
            block.End();
        }
        else
        {
            block.Append(bytes);
            block.End();
        }
    }
}
