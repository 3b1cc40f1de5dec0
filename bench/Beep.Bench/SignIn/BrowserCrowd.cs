using System.Diagnostics;
using System.Net;
using Beep.Bench.Serving;

namespace Beep.Bench.SignIn;

/// <summary>Browsers at many addresses of the loopback's network, for an address may bring only so many answers of a provider a minute. Each sign-in begins without a cookie of ours.</summary>
internal sealed class BrowserCrowd(Uri server, Func<int, string> providerCookie) : IDisposable
{
    private const int Addresses = 1000;
    private const int FlatOut = 16;

    private readonly HttpClient[] _browsers = [.. Enumerable.Range(0, Addresses).Select(number => new HttpClient(SignInStorm.From(new IPAddress([127, 2, (byte)(number >> 8), (byte)number]))) { Timeout = TimeSpan.FromSeconds(30) })];
    private int _next;

    /// <summary>Whether the server is to refuse them.</summary>
    public bool IsRefused { get; init; }

    /// <summary>How late sign-ins were begun: what the machine, and not the server, is to blame for.</summary>
    public Latencies Lateness { get; private set; } = new();

    /// <summary>Begins sign-ins at a fixed rate, whether the earlier ones have ended or not; each is timed from when it was due.</summary>
    public async Task<Latencies> RunAsync(int perSecond, TimeSpan duration, CancellationToken cancellationToken)
    {
        var (took, lateness) = (new Latencies(), Lateness = new Latencies());
        var running = new Task[(int)(perSecond * duration.TotalSeconds)];
        var clock = Stopwatch.StartNew();
        for (var index = 0; index < running.Length; index++)
        {
            var due = TimeSpan.FromSeconds((double)index / perSecond);
            while (clock.Elapsed < due)
            {
                await Task.Delay(1, cancellationToken);
            }

            lateness.Add(clock.Elapsed - due, isGood: true);
            var number = _next++;
            running[index] = Task.Run(async () =>
            {
                var isGood = await SignInAsync(number, cancellationToken);
                took.Add(clock.Elapsed - due, isGood);
            }, CancellationToken.None);
        }

        await Task.WhenAll(running);
        return took;
    }

    /// <summary>One after the other without a pause, a few at a time.</summary>
    public async Task<Latencies> RunFlatOutAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        var (took, clock) = (new Latencies(), Stopwatch.StartNew());
        await Task.WhenAll(Enumerable.Range(0, FlatOut).Select(_ => Task.Run(async () =>
        {
            while (clock.Elapsed < duration)
            {
                var began = clock.Elapsed;
                var isGood = await SignInAsync(Interlocked.Increment(ref _next), cancellationToken);
                took.Add(clock.Elapsed - began, isGood);
            }
        }, cancellationToken)));
        return took;
    }

    public void Dispose()
    {
        foreach (var browser in _browsers)
        {
            browser.Dispose();
        }
    }

    private async Task<bool> SignInAsync(int number, CancellationToken cancellationToken)
    {
        var browser = _browsers[number % Addresses];
        try
        {
            var (asked, attempt) = await GoAsync(browser, new Uri(server, "/account/external?return_url=%2Ftasks"), "", cancellationToken);
            var (answered, _) = await GoAsync(browser, asked, providerCookie(number), cancellationToken);
            var (home, session) = await GoAsync(browser, answered, attempt, cancellationToken);
            return IsRefused ? home.PathAndQuery.StartsWith("/sign-in?error=provider_failed", StringComparison.Ordinal) : home.AbsolutePath == "/tasks" && session.Contains("beep=", StringComparison.Ordinal);
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException or InvalidOperationException)
        {
            // Counted as a failure.
            return false;
        }
    }

    /// <summary>Where one is sent, and the cookies that one is given.</summary>
    private static async Task<(Uri Address, string Cookies)> GoAsync(HttpClient browser, Uri address, string cookies, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (cookies.Length > 0)
        {
            request.Headers.Add("Cookie", cookies);
        }

        using var answer = await browser.SendAsync(request, cancellationToken);
        var given = answer.Headers.TryGetValues("Set-Cookie", out var values) ? string.Join("; ", values.Select(value => value.Split(';')[0])) : "";
        return (new Uri(address, answer.Headers.Location ?? throw new InvalidOperationException($"{address.AbsolutePath} answered with {(int)answer.StatusCode}.")), given);
    }
}
