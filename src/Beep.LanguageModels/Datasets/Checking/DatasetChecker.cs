using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Records;
using Beep.LanguageModels.Tokenization;

namespace Beep.LanguageModels.Datasets.Checking;

/// <summary>Says before a run what is wrong with a file of rows and what it comes to.</summary>
internal static class DatasetChecker
{
    /// <summary>Reads the file once, in bounded memory, on all processors.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How it is looked at.</param>
    /// <param name="tokenizer">Counts tokens; null leaves them out, and is several times faster.</param>
    /// <param name="template">The model's chat template; null when it has none.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="FaultException">The file as a whole is unusable (exit code 20): unreadable, empty, no dataset, of no known format.</exception>
    public static DatasetReport Check(
        string path, DatasetCheckOptions options, Tokenizer? tokenizer, ChatTemplate? template, CancellationToken cancellation)
    {
        var seen = new DuplicateTable();
        var report = CheckFile(path, options, tokenizer, template, seen, compareWith: null, out _, cancellation);
        if (options.Validation is not { } validation)
        {
            return report;
        }

        var held = CheckFile(validation, options, tokenizer, template, new DuplicateTable(), (path, seen), out var overlap, cancellation);
        return report with { Validation = held, ValidationOverlap = overlap };
    }

    private static DatasetReport CheckFile(
        string path,
        DatasetCheckOptions options,
        Tokenizer? tokenizer,
        ChatTemplate? template,
        DuplicateTable seen,
        (string Path, DuplicateTable Rows)? compareWith,
        out long overlap,
        CancellationToken cancellation)
    {
        var dataset = OpenedDataset.Open(path, options.Data);
        if (tokenizer is not null)
        {
            dataset.RequireTrainable(options.Task ?? dataset.Task, template);
        }

        var total = new CheckedBlock();
        using var source = dataset.File.ReadRecords();
        var blocks = OrderedWork.Run(
            source,
            () => new CheckWorker(dataset, options, tokenizer, template),
            (worker, block) => worker.Check(block),
            cancellation);
        foreach (var block in blocks)
        {
            Add(block, total);
            if (compareWith is null)
            {
                options.Observe?.Invoke(block);
            }

            foreach (var (hash, line) in block.Hashes)
            {
                Compare(hash, line, total.Log, seen, compareWith);
            }
        }

        overlap = total.Log.Count(FindingCodes.ValidationOverlap);
        return total.Rows == 0
            ? throw DatasetFaults.Empty(path)
            : new DatasetReport(
                path,
                dataset.File.Bytes,
                dataset.Kind?.Name ?? "auto",
                total.Rows,
                total.ValidRows,
                total.Log.Count(FindingCodes.DuplicateRow),
                !seen.IsFull,
                total.Log.Groups,
                tokenizer is null ? null : Summarize(total));
    }

    private static void Add(CheckedBlock block, CheckedBlock total)
    {
        total.Log.Merge(block.Log);
        total.Lengths.Merge(block.Lengths);
        total.Rows += block.Rows;
        total.ValidRows += block.ValidRows;
        total.Sequences += block.Sequences;
        total.Tokens += block.Tokens;
        total.TrainableTokens += block.TrainableTokens;
        total.TokensCut += block.TokensCut;
    }

    private static void Compare(UInt128 hash, long line, FindingLog log, DuplicateTable seen, (string Path, DuplicateTable Rows)? compareWith)
    {
        log.BeginRow(line);
        if (seen.Add(hash, line) is var first and > 0)
        {
            log.Warn(
                FindingCodes.DuplicateRow,
                $"The row equals that of line {first}.",
                "Remove one of them: repeated rows weigh more in training.");
        }

        if (compareWith is { } other && other.Rows.Find(hash) is var trained and > 0)
        {
            log.Warn(
                FindingCodes.ValidationOverlap,
                $"The row is in '{other.Path}' too, on line {trained}.",
                "Remove it from one of the two files: a row that was trained on says nothing about new ones.");
        }
    }

    private static TokenReport Summarize(CheckedBlock total)
    {
        var lengths = total.Lengths;
        var overlong = total.Log.Count(FindingCodes.Overlong);
        return new TokenReport(
            lengths.Rows,
            total.Tokens,
            total.TrainableTokens,
            total.Tokens == 0 ? 0 : 1 - ((double)total.TrainableTokens / total.Tokens),
            total.Sequences == 0 ? 0 : (double)total.Tokens / total.Sequences,
            lengths.Percentile(0.5),
            lengths.Percentile(0.9),
            lengths.Percentile(0.99),
            lengths.Percentile(1),
            overlong,
            lengths.Rows == 0 ? 0 : (double)overlong / lengths.Rows,
            total.TokensCut,
            total.Log.Count(FindingCodes.NoTrainableToken),
            lengths.Histogram())
        {
            Lengths = lengths.Counts,
            Sequences = total.Sequences,
        };
    }
}
