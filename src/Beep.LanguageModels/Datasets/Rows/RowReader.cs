using Beep.Contracts;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Formats;
using Beep.LanguageModels.Datasets.Records;

namespace Beep.LanguageModels.Datasets.Rows;

/// <summary>Checks rows one after the other and hands out the sound ones. Used by one thread at a time.</summary>
/// <param name="kind">The format; null when it is not known, so that only the notation is checked.</param>
/// <param name="data">The names of the columns.</param>
/// <param name="vocabularySize">Token ids are below it; null when it is not known.</param>
internal sealed class RowReader(FormatKind? kind, DataSpec data, int? vocabularySize)
{
    private readonly RowScanner _scanner = new();
    private readonly RowFormat? _format = kind is null ? null : RowFormat.Create(kind, data, vocabularySize);

    /// <summary>The hash of the row that was read last; null when it could not be looked at.</summary>
    public UInt128? Hash { get; private set; }

    /// <summary>Reports everything that is wrong with a row.</summary>
    /// <returns>The row where it is sound and asked for, else null.</returns>
    public DatasetRow? Read(RecordBlock block, in RecordSpan record, FindingLog log, bool materialize)
    {
        log.BeginRow(record.Line);
        Hash = null;
        if (record.Fault is { } fault)
        {
            log.Add(fault);
            return null;
        }

        var bytes = block.Bytes(record);
        if (!_scanner.Scan(bytes, log))
        {
            return null;
        }

        Hash = _scanner.Hash;
        return _format?.Accept(_scanner.View(bytes), record.Line, log, materialize);
    }
}
