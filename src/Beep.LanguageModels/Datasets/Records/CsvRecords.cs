using Beep.Contracts;
using Beep.LanguageModels.Datasets.Findings;

namespace Beep.LanguageModels.Datasets.Records;

/// <summary>The records of a <c>.csv</c> file as objects of text; the first record names the columns.</summary>
internal sealed class CsvRecords : IRecordSource
{
    private readonly Stream _stream;
    private readonly CsvReader _reader;
    private readonly List<byte[]> _names = [];

    /// <summary>Reads the header.</summary>
    /// <exception cref="FaultException">The header is unusable.</exception>
    public CsvRecords(Stream stream, string file)
    {
        _stream = stream;
        _reader = new CsvReader(stream);
        if (_reader.TryRead())
        {
            ReadHeader($"{file}:{_reader.Line}");
        }
    }

    public bool Fill(RecordBlock block)
    {
        while (!block.IsFull && _reader.TryRead())
        {
            Take(block);
        }

        return block.Records.Count > 0;
    }

    public void Dispose() => _stream.Dispose();

    private void ReadHeader(string where)
    {
        if (_reader.Fault is { } fault || _reader.IsOverlong || _reader.CellCount > RecordLimits.MaxColumns)
        {
            var problem = _reader.Fault ?? $"It has more than {RecordLimits.MaxColumns:N0} columns or {RecordLimits.MaxRecordBytes >> 20} MiB.";
            throw FaultException.Invalid(
                FindingCodes.BadCsv,
                $"The header row cannot be read. {problem}",
                "Begin the file with the names of the columns, separated by commas.",
                where);
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        var block = new RecordBlock();
        for (var index = 0; index < _reader.CellCount; index++)
        {
            var name = System.Text.Encoding.UTF8.GetString(_reader.Cell(index));
            if (!seen.Add(name))
            {
                throw FaultException.Invalid(
                    FindingCodes.DuplicateKey,
                    $"The header row names the column '{name}' twice.",
                    "Rename or remove one of the two columns.",
                    where);
            }

            block.Begin(1);
            block.Append("\""u8);
            JsonTextWriter.Append(block, _reader.Cell(index));
            block.Append("\":\""u8);
            block.End();
        }

        _names.AddRange(block.Records.Select(record => block.Bytes(record).ToArray()));
    }

    private void Take(RecordBlock block)
    {
        block.Begin(_reader.Line);
        if (_reader.IsOverlong)
        {
            block.RefuseOverlong();
        }
        else if (_reader.Fault is { } fault)
        {
            block.Refuse(FindingCodes.BadCsv, fault, "Put the whole cell into quotation marks and double those inside it.");
        }
        else if (_reader.CellCount != _names.Count)
        {
            block.Refuse(
                FindingCodes.CellCount,
                $"The row has {_reader.CellCount} cells; the header names {_names.Count} columns.",
                "Put cells that contain a comma or a line end into quotation marks.");
        }
        else
        {
            Write(block);
        }
    }

    private void Write(RecordBlock block)
    {
        for (var index = 0; index < _names.Count; index++)
        {
            block.Append(index == 0 ? "{"u8 : ","u8);
            block.Append(_names[index]);
            JsonTextWriter.Append(block, _reader.Cell(index));
            block.Append("\""u8);
        }

        block.Append("}"u8);
        if (block.IsOverlong)
        {
            block.RefuseOverlong();
        }
        else
        {
            block.End();
        }
    }
}
