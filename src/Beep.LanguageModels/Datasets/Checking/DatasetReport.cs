using Beep.LanguageModels.Datasets.Findings;

namespace Beep.LanguageModels.Datasets.Checking;

/// <summary>A class of a histogram.</summary>
/// <param name="From">The shortest length in it, in tokens.</param>
/// <param name="To">The longest.</param>
/// <param name="Rows">How many rows have such a length.</param>
internal readonly record struct HistogramBucket(int From, int To, long Rows);

/// <summary>Rows of one length.</summary>
/// <param name="Length">In tokens.</param>
/// <param name="Rows">How many have it.</param>
internal readonly record struct LengthCount(int Length, long Rows);

/// <summary>
/// What the sound rows come to in the real tokenizer and template. Rows are counted whole, as if none were cut. A pair of answers is
/// two sequences, and as long as the longer of them.
/// </summary>
/// <param name="Rows">Rows that could be encoded.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="TrainableTokens">Those on which loss is taken.</param>
/// <param name="MaskedShare">The share of the tokens on which none is, from 0 to 1.</param>
/// <param name="MeanLength">Tokens a sequence.</param>
/// <param name="P50">Half of the rows are no longer.</param>
/// <param name="P90">90% of the rows are no longer.</param>
/// <param name="P99">99% of the rows are no longer.</param>
/// <param name="MaxLength">The longest row.</param>
/// <param name="Overlong">Rows longer than <c>data.max_length</c>.</param>
/// <param name="TruncatedShare">The share of the rows that are, from 0 to 1.</param>
/// <param name="TokensCut">Tokens that <c>data.overlong=truncate</c> would cut off.</param>
/// <param name="Untrainable">Rows in which nothing is learnt, after such a cut.</param>
/// <param name="Histogram">The rows by length.</param>
internal sealed record TokenReport(
    long Rows,
    long Tokens,
    long TrainableTokens,
    double MaskedShare,
    double MeanLength,
    int P50,
    int P90,
    int P99,
    int MaxLength,
    long Overlong,
    double TruncatedShare,
    long TokensCut,
    long Untrainable,
    IReadOnlyList<HistogramBucket> Histogram)
{
    /// <summary>How many rows have exactly how many tokens, shortest first.</summary>
    public IReadOnlyList<LengthCount> Lengths { get; init; } = [];

    /// <summary>Sequences that the rows are: as many, or twice as many of pairs of answers.</summary>
    public long Sequences { get; init; } = Rows;
}

/// <summary>What is known of a file of rows.</summary>
/// <param name="File">The file.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Format">The name of its format; <c>auto</c> when no row told it.</param>
/// <param name="Rows">All rows, sound or not.</param>
/// <param name="ValidRows">Those without an error.</param>
/// <param name="Duplicates">Rows equal to an earlier one.</param>
/// <param name="AreDuplicatesComplete">Whether every row was compared with every earlier one; false for a file of very many rows.</param>
/// <param name="Findings">What was found, by code; errors first.</param>
/// <param name="Tokens">Token counts; null when no tokenizer was given.</param>
/// <param name="Validation">The same for the validation file; null when none was given.</param>
/// <param name="ValidationOverlap">Rows of the validation file that are in this file too.</param>
internal sealed record DatasetReport(
    string File,
    long Bytes,
    string Format,
    long Rows,
    long ValidRows,
    long Duplicates,
    bool AreDuplicatesComplete,
    IReadOnlyList<FindingGroup> Findings,
    TokenReport? Tokens,
    DatasetReport? Validation = null,
    long ValidationOverlap = 0)
{
    /// <summary>How many errors there are, the validation file's included.</summary>
    public long Errors => Findings.Where(group => group.Severity == FindingSeverity.Error).Sum(group => group.Count) + (Validation?.Errors ?? 0);
}
