namespace Beep.LanguageModels.Datasets.Tokens;

/// <summary>What the rows of a file came to.</summary>
/// <param name="Rows">Sequences that take part: a row each, or two of a pair of answers.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="TrainableTokens">Those on which loss is taken; see <see cref="EncodedRow.TrainableTokens"/>.</param>
/// <param name="Truncated">Rows that take part without their end.</param>
/// <param name="Dropped">Rows left out.</param>
/// <param name="Untrainable">Rows in which nothing is learnt, kept or left out.</param>
internal readonly record struct DataStatistics(long Rows, long Tokens, long TrainableTokens, long Truncated, long Dropped, long Untrainable)
{
    public static DataStatistics operator +(DataStatistics left, DataStatistics right) => new(
        left.Rows + right.Rows,
        left.Tokens + right.Tokens,
        left.TrainableTokens + right.TrainableTokens,
        left.Truncated + right.Truncated,
        left.Dropped + right.Dropped,
        left.Untrainable + right.Untrainable);
}
