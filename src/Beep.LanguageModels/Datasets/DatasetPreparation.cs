using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Records;
using Beep.LanguageModels.Datasets.Rows;
using Beep.LanguageModels.Datasets.Tokens;
using Beep.LanguageModels.Tokenization;

namespace Beep.LanguageModels.Datasets;

/// <summary>What a training run does with a file of rows before the first step.</summary>
internal static class DatasetPreparation
{
    /// <summary>
    /// Encodes every row of <paramref name="file"/> into the store at <paramref name="storePath"/>, or opens that store
    /// where it was made of the same file, model and settings. No row is left out unless the spec says so.
    /// </summary>
    /// <exception cref="FaultException">
    /// Exit code 20: the first faults with their lines, and how many more there are; no store is written. Exit code 50: the store cannot be written.
    /// </exception>
    public static TokenStore Prepare(
        JobSpec spec, string file, Tokenizer tokenizer, ChatTemplate? template, string storePath, CancellationToken cancellation)
    {
        var dataset = OpenedDataset.Open(file, spec.Data);
        dataset.RequireTrainable(spec.Task, template);
        var key = DatasetFingerprint.Compute(spec, file, cancellation);
        if (TokenStore.TryOpen(storePath) is { } existing)
        {
            if (existing.Key.SequenceEqual(key))
            {
                return existing;
            }

            existing.Dispose();
        }

        try
        {
            TokenStore.Write(storePath, key, writer => Encode(dataset, spec, tokenizer, template, writer, cancellation));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Failed(
                "cannot_write",
                $"The tokens of '{file}' cannot be written to '{storePath}': {error.Message}",
                "Free space on that disk (about 8 bytes a token), or choose a folder that can be written to.",
                storePath,
                error);
        }

        return TokenStore.Open(storePath);
    }

    private static DataStatistics Encode(
        OpenedDataset dataset, JobSpec spec, Tokenizer tokenizer, ChatTemplate? template, TokenStoreWriter writer, CancellationToken cancellation)
    {
        var log = new FindingLog();
        var statistics = default(DataStatistics);
        using var source = dataset.File.ReadRecords();
        var blocks = OrderedWork.Run(
            source,
            () => new Worker(dataset, spec, tokenizer, template),
            (worker, block) => worker.Encode(block),
            cancellation);
        foreach (var block in blocks)
        {
            log.Merge(block.Log);
            statistics += block.Statistics;
            if (log.Errors == 0)
            {
                block.Rows.ForEach(writer.Append);
            }
        }

        DatasetFaults.ThrowIfAny(log, dataset.File.Path);
        return statistics.Rows > 0 ? statistics : throw DatasetFaults.Empty(dataset.File.Path, statistics.Dropped);
    }

    private sealed record EncodedBlock(List<EncodedRow> Rows, DataStatistics Statistics, FindingLog Log);

    private sealed class Worker(OpenedDataset dataset, JobSpec spec, Tokenizer tokenizer, ChatTemplate? template)
    {
        private readonly RowReader _reader = new(dataset.Kind, spec.Data, tokenizer.VocabularySize);
        private readonly RowEncoder _encoder = new(tokenizer, template, spec.Data, spec.Task);

        public EncodedBlock Encode(RecordBlock block)
        {
            var rows = new List<EncodedRow>(block.Records.Count);
            var log = new FindingLog();
            var policy = new RowPolicy(spec.Data);
            foreach (var record in block.Records)
            {
                if (_reader.Read(block, record, log, materialize: true) is { } row
                    && _encoder.TryEncode(row, log) is { } encoded
                    && policy.Apply(encoded, log) is { } kept)
                {
                    // The two answers of a pair lie beside each other.
                    rows.Add(kept);
                    if (kept.Rejected is { } rejected)
                    {
                        rows.Add(rejected);
                    }
                }
            }

            return new EncodedBlock(rows, policy.Statistics, log);
        }
    }
}
