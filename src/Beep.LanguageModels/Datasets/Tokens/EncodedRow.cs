namespace Beep.LanguageModels.Datasets.Tokens;

/// <summary>A row as token ids.</summary>
/// <param name="InputIds">The tokens.</param>
/// <param name="Labels">As many; not shifted; <see cref="Masked"/> where no loss is taken.</param>
/// <param name="Line">The line of the file on which the row begins, from 1.</param>
internal sealed record EncodedRow(int[] InputIds, int[] Labels, long Line)
{
    /// <summary>The rejected answer of a pair, of which this is the preferred one; null where a row is one sequence.</summary>
    public EncodedRow? Rejected { get; init; }

    /// <summary>Tokens of the longer sequence, which is what a bound on the length is about.</summary>
    public int Length => Math.Max(InputIds.Length, Rejected?.InputIds.Length ?? 0);

    /// <summary>The label of a token on which no loss is taken, as in Transformers.</summary>
    public const int Masked = -100;

    /// <summary>
    /// How many tokens loss is taken on. The first token of a row is predicted from nothing, so its label does not count.
    /// </summary>
    public int TrainableTokens => Labels.Length - Labels.AsSpan().Count(Masked) - (Labels.Length > 0 && Labels[0] != Masked ? 1 : 0);
}
