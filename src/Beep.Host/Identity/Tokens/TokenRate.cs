namespace Beep.Host.Identity.Tokens;

/// <summary>How often a token may call.</summary>
internal sealed class TokenRate(TimeProvider time)
{
    public const int PerMinute = 600;

    private readonly EvenRate _rate = new(PerMinute, time);

    /// <summary>Counts a call; how long to wait when it is one too many.</summary>
    public TimeSpan? Take(string tokenId) => _rate.Take(tokenId);
}
