using Beep.Host.Identity.SignIn;

namespace Beep.Host.Identity.Tokens;

/// <summary>How often somebody may call: so many times a minute, evenly refilled. In memory.</summary>
internal sealed class EvenRate(int perMinute, TimeProvider time)
{
    private const int MostKeys = 20_000;
    private static readonly TimeSpan Burst = TimeSpan.FromMinutes(1);

    private readonly TimeSpan _oneCall = Burst / perMinute;
    private readonly Lock _lock = new();
    private readonly RecentTable<string, Paid> _callers = new(MostKeys);

    /// <summary>Counts a call; how long to wait when it is one too many.</summary>
    public TimeSpan? Take(string caller)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            var paid = _callers.Get(caller);
            var next = (paid.Until > now ? paid.Until : now) + _oneCall;
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
