namespace Beep.LanguageModels.Estimation;

/// <summary>What rows come to in tokens.</summary>
/// <param name="Rows">How many there are.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="TrainableTokens">Those on which loss is taken.</param>
internal readonly record struct RowTotals(long Rows, long Tokens, long TrainableTokens)
{
    /// <summary>Sequences that they are: as many, or twice as many of pairs of answers.</summary>
    public long Sequences { get; init; } = Rows;

    /// <summary>Tokens a sequence.</summary>
    public double MeanLength => Sequences == 0 ? 0 : (double)Tokens / Sequences;
}
