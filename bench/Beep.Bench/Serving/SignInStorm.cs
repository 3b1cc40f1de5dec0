using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Beep.Bench.Serving;

/// <summary>Clients that post the form of the sign-in page without a pause, each time as another user.</summary>
internal sealed partial class SignInStorm(Uri server, string password)
{
    private const int Clients = 20;
    // An address may try ten times a minute: after fewer than that another one of the loopback's network is taken.
    private const int PostsPerAddress = 9;

    private int _addresses;
    private int _users;

    /// <summary>What those took that were signed in.</summary>
    public Latencies SignedIn { get; } = new();

    /// <summary>What those took that were told to come later.</summary>
    public Latencies Refused { get; } = new();

    public Task RunAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        return Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            while (clock.Elapsed < duration)
            {
                await VisitAsync(clock, duration, cancellationToken);
            }
        }, cancellationToken)));
    }

    private async Task VisitAsync(Stopwatch clock, TimeSpan duration, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _addresses);
        using var client = new HttpClient(From(new IPAddress([127, 1, (byte)(number >> 8), (byte)number]))) { BaseAddress = server };
        using var page = await client.GetAsync("/sign-in", cancellationToken);
        page.EnsureSuccessStatusCode();
        var cookie = page.Headers.GetValues("Set-Cookie").Single(value => value.StartsWith("beep-form=", StringComparison.Ordinal)).Split(';')[0];
        var token = Token().Match(await page.Content.ReadAsStringAsync(cancellationToken)).Groups["token"].Value;
        for (var post = 0; post < PostsPerAddress && clock.Elapsed < duration; post++)
        {
            var started = clock.Elapsed;
            using var request = new HttpRequestMessage(HttpMethod.Post, "/account/sign-in")
            {
                Headers = { { "Cookie", cookie } },
                Content = new FormUrlEncodedContent([
                    new("username", SeededHome.UserName(Interlocked.Increment(ref _users) % SeededHome.Users)), new("password", password), new("__RequestVerificationToken", token)]),
            };
            using var answer = await client.SendAsync(request, cancellationToken);
            var isSignedIn = answer.StatusCode == HttpStatusCode.Redirect && answer.Headers.Location?.OriginalString == "/";
            (isSignedIn ? SignedIn : Refused).Add(clock.Elapsed - started, isSignedIn);
        }
    }

    /// <summary>A browser at an address of its own.</summary>
    public static SocketsHttpHandler From(IPAddress address) => new()
    {
        UseCookies = false,
        AllowAutoRedirect = false,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                socket.Bind(new IPEndPoint(address, 0));
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };

    [GeneratedRegex("""name="__RequestVerificationToken"[^>]*value="(?<token>[^"]+)""")]
    private static partial Regex Token();
}
