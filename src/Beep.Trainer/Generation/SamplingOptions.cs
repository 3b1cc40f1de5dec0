namespace Beep.Trainer.Generation;

/// <summary>How the next token is chosen.</summary>
/// <param name="Temperature">0 takes the likeliest; higher flattens the distribution.</param>
/// <param name="TopP">Draws from the fewest tokens that hold this share of the probability; 1 from all.</param>
/// <param name="TopK">Draws from so many tokens at most; 0 from all.</param>
/// <param name="Seed">Makes the draws repeatable.</param>
/// <param name="MaxNewTokens">The longest answer, in tokens.</param>
internal sealed record SamplingOptions(double Temperature, double TopP, int TopK, long Seed, int MaxNewTokens)
{
    /// <summary>Always the likeliest token.</summary>
    public static SamplingOptions Greedy { get; } = new(0, 1, 0, 0, 256);
}
