namespace Beep.LanguageModels.Estimation;

/// <summary>What rows come to in tokens.</summary>
/// <param name="Rows">How many there are.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="TrainableTokens">Those on which loss is taken.</param>
internal readonly record struct RowTotals(long Rows, long Tokens, long TrainableTokens)
{
    /// <summary>Tokens a row.</summary>
    public double MeanLength => Rows == 0 ? 0 : (double)Tokens / Rows;
}
