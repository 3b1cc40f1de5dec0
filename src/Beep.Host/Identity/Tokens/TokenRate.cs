using Beep.Host.Identity.SignIn;

namespace Beep.Host.Identity.Tokens;

/// <summary>How often a token may call: 600 times a minute, evenly refilled. In memory.</summary>
internal sealed class TokenRate(TimeProvider time)
{
    public const int PerMinute = 600;
    private const int MostKeys = 20_000;
    private static readonly TimeSpan OneCall = TimeSpan.FromMinutes(1) / PerMinute;
    private static readonly TimeSpan Burst = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly RecentTable<string, Paid> _tokens = new(MostKeys);

    /// <summary>Counts a call; how long to wait when it is one too many.</summary>
    public TimeSpan? Take(string tokenId)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            var paid = _tokens.Get(tokenId);
            var next = (paid.Until > now ? paid.Until : now) + OneCall;
            if (next - now > Burst)
            {
                return next - now - Burst;
            }

            paid.Until = next;
            return null;
        }
    }

    private sealed class Paid
    {
        public DateTimeOffset Until { get; set; }
    }
}
