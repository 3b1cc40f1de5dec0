using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Records;
using Beep.LanguageModels.Datasets.Rows;
using Beep.LanguageModels.Datasets.Tokens;
using Beep.LanguageModels.Tokenization;

namespace Beep.LanguageModels.Datasets.Checking;

/// <summary>What one block of rows came to.</summary>
internal sealed class CheckedBlock
{
    public FindingLog Log { get; } = new();

    public List<(UInt128 Hash, long Line)> Hashes { get; } = [];

    public TokenLengths Lengths { get; } = new();

    public long Rows { get; set; }

    /// <summary>Of its rows, as JSON.</summary>
    public long Bytes { get; set; }

    public long ValidRows { get; set; }

    /// <summary>Sequences that were encoded: a row each, or two of a pair of answers.</summary>
    public long Sequences { get; set; }

    /// <summary>Of all sequences.</summary>
    public long Tokens { get; set; }

    public long TrainableTokens { get; set; }

    public long TokensCut { get; set; }
}

/// <summary>Checks blocks of rows. Used by one thread at a time.</summary>
internal sealed class CheckWorker
{
    private readonly DatasetCheckOptions _options;
    private readonly RowReader _reader;
    private readonly RowEncoder? _encoder;

    public CheckWorker(OpenedDataset dataset, DatasetCheckOptions options, Tokenizer? tokenizer, ChatTemplate? template)
    {
        _options = options;
        _reader = new RowReader(dataset.Kind, options.Data, tokenizer?.VocabularySize);
        _encoder = tokenizer is null ? null : new RowEncoder(tokenizer, template, options.Data, options.Task ?? dataset.Task);
    }

    public CheckedBlock Check(RecordBlock block)
    {
        var result = new CheckedBlock();
        foreach (var record in block.Records)
        {
            result.Rows++;
            result.Bytes += record.Length;
            var row = _reader.Read(block, record, result.Log, materialize: _encoder is not null);
            if (_reader.Hash is { } hash)
            {
                result.Hashes.Add((hash, record.Line));
                PlaceholderRule.Check(block.Bytes(record), result.Log);
            }

            if (row is not null && _encoder!.TryEncode(row, result.Log) is { } encoded)
            {
                Count(encoded, result);
            }

            result.ValidRows += result.Log.RowHasError ? 0 : 1;
        }

        return result;
    }

    private void Count(EncodedRow row, CheckedBlock result)
    {
        var data = _options.Data;
        var limit = data.MaxLength;
        var isOverlong = row.Length > limit;
        result.Lengths.Add(row.Length);
        AddSequence(row, limit, result);
        if (row.Rejected is { } rejected)
        {
            AddSequence(rejected, limit, result);
        }

        if (isOverlong)
        {
            result.Log.Add(RowPolicy.OverlongFinding(row, data, FindingSeverity.Warning));
        }

        if (IsUntrainable(row, limit) || (row.Rejected is { } other && IsUntrainable(other, limit)))
        {
            result.Log.Add(RowPolicy.UntrainableFinding(row, isOverlong, data, FindingSeverity.Warning));
        }
    }

    private static void AddSequence(EncodedRow row, int limit, CheckedBlock result)
    {
        result.Sequences++;
        result.Tokens += row.InputIds.Length;
        result.TrainableTokens += row.TrainableTokens;
        result.TokensCut += Math.Max(0, row.InputIds.Length - limit);
    }

    private static bool IsUntrainable(EncodedRow row, int limit)
    {
        var labels = row.Labels.AsSpan(0, Math.Min(limit, row.Labels.Length));
        return labels.Length < 2 || labels[1..].IndexOfAnyExcept(EncodedRow.Masked) < 0;
    }
}
