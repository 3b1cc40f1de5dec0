using System.Net;
using System.Net.Sockets;

namespace Beep.Host.Identity.SignIn;

/// <summary>
/// Slows guessing by account and address, and by address alone. Nobody can lock somebody else out: an account is never
/// locked as such. In memory, so a restart forgets it and several hosts count each for itself.
/// </summary>
internal sealed class SignInThrottle(TimeProvider time)
{
    public const int FreeFailures = 5;
    public const int MostFailuresOfAddress = 20;
    public const int MostAttemptsOfAddress = 10;
    public static readonly TimeSpan FailureWindow = TimeSpan.FromMinutes(15);
    public static readonly TimeSpan AttemptWindow = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(60);
    private const int MostKeys = 20_000;
    private const int LongestAccount = 80;

    private readonly Lock _lock = new();
    private readonly RecentTable<(string Account, string Address), Times> _failures = new(MostKeys);
    private readonly RecentTable<string, Times> _failuresOfAddress = new(MostKeys);
    private readonly RecentTable<string, Times> _attempts = new(MostKeys);

    /// <summary>Counts an attempt; says how long to wait where it may not be made.</summary>
    public SignInRefusal? Take(string? account, IPAddress? ip)
    {
        var (now, address) = (time.GetUtcNow(), KeyOf(ip));
        lock (_lock)
        {
            if (_failuresOfAddress.Find(address)?.WaitForRoom(now, FailureWindow, MostFailuresOfAddress) is { } blocked)
            {
                return Refuse(_failuresOfAddress.Get(address), "too_many_failures", blocked);
            }

            var attempts = _attempts.Get(address);
            if (attempts.WaitForRoom(now, AttemptWindow, MostAttemptsOfAddress) is { } busy)
            {
                return Refuse(attempts, "too_many_attempts", busy);
            }

            if (account is not null && _failures.Find(Key(account, address)) is { } failures && failures.Count(now, FailureWindow) is >= FreeFailures and var count)
            {
                var delay = Math.Min(LongestDelay.TotalSeconds, Math.Pow(2, count - FreeFailures));
                if (failures.Last + TimeSpan.FromSeconds(delay) - now is { Ticks: > 0 } wait)
                {
                    return Refuse(failures, "sign_in_delayed", wait);
                }
            }

            attempts.Add(now);
            return null;
        }
    }

    public void Failed(string? account, IPAddress? ip)
    {
        var (now, address) = (time.GetUtcNow(), KeyOf(ip));
        lock (_lock)
        {
            _failuresOfAddress.Get(address).Add(now);
            if (account is not null)
            {
                _failures.Get(Key(account, address)).Add(now);
            }
        }
    }

    /// <summary>The account's failures from this address are forgiven; the address's own are not.</summary>
    public void Succeeded(string account, IPAddress? ip)
    {
        lock (_lock)
        {
            _failures.Remove(Key(account, KeyOf(ip)));
        }
    }

    /// <summary>One customer of a provider has a whole /64 of IPv6.</summary>
    public static string KeyOf(IPAddress? ip)
    {
        if (ip is null)
        {
            return "";
        }

        ip = ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip;
        return ip.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(ip.GetAddressBytes(), 0, 8) : ip.ToString();
    }

    private static (string, string) Key(string account, string address)
    {
        var name = account.ToUpperInvariant();
        return (name.Length > LongestAccount ? name[..LongestAccount] : name, address);
    }

    private static SignInRefusal Refuse(Times times, string code, TimeSpan wait)
    {
        var isFirst = !times.WasTold;
        times.WasTold = true;
        return new SignInRefusal(code, wait, isFirst);
    }

    /// <summary>The last moments of something, at most as many as any limit counts.</summary>
    private sealed class Times
    {
        private readonly Queue<DateTimeOffset> _times = new();

        public DateTimeOffset Last { get; private set; }

        /// <summary>Whether a refusal was recorded since the last moment was added.</summary>
        public bool WasTold { get; set; }

        public void Add(DateTimeOffset now)
        {
            if (_times.Count == MostFailuresOfAddress)
            {
                _times.Dequeue();
            }

            _times.Enqueue(now);
            (Last, WasTold) = (now, false);
        }

        public int Count(DateTimeOffset now, TimeSpan window)
        {
            while (_times.TryPeek(out var first) && now - first >= window)
            {
                _times.Dequeue();
            }

            return _times.Count;
        }

        /// <summary>How long until there is room for one more; null when there is.</summary>
        public TimeSpan? WaitForRoom(DateTimeOffset now, TimeSpan window, int most) => Count(now, window) < most ? null : _times.Peek() + window - now;
    }
}

/// <param name="Code">A stable word.</param>
/// <param name="RetryAfter">How long to wait.</param>
/// <param name="IsFirst">Whether it is the first since the last attempt: the others are not recorded, or they would fill the log.</param>
internal sealed record SignInRefusal(string Code, TimeSpan RetryAfter, bool IsFirst);
