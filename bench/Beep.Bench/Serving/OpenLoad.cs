using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;

namespace Beep.Bench.Serving;

/// <summary>
/// Requests at a fixed rate, whether answers come or not. Each is timed from when it was due, so that waiting behind a slow one counts,
/// as does what this program itself was late.
/// </summary>
internal sealed class OpenLoad(Uri server, IReadOnlyList<string> tokens) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = server, Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>How late requests were sent: what the machine, and not the server, is to blame for.</summary>
    public Latencies Lateness { get; } = new();

    /// <summary>Asks for each path in turn; returns what each took.</summary>
    public async Task<IReadOnlyDictionary<string, Latencies>> RunAsync(IReadOnlyList<string> paths, int perSecond, TimeSpan duration, CancellationToken cancellationToken)
    {
        var results = paths.ToDictionary(path => path, _ => new Latencies(), StringComparer.Ordinal);
        var count = (int)(perSecond * duration.TotalSeconds);
        var requests = new Task[count];
        var dispatch = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Not of the pool: its threads are busy with answers when it matters.
        new Thread(() =>
        {
            var clock = Stopwatch.StartNew();
            for (var index = 0; index < count; index++)
            {
                var due = TimeSpan.FromSeconds((double)index / perSecond);
                while (clock.Elapsed < due)
                {
                    Thread.Sleep(1);
                }

                Lateness.Add(clock.Elapsed - due, isGood: true);
                var (path, token) = (paths[index % paths.Count], tokens[index % tokens.Count]);
                requests[index] = Task.Run(() => SendAsync(path, token, clock, due, results[path], cancellationToken), CancellationToken.None);
            }

            dispatch.SetResult();
        }) { IsBackground = true }.Start();
        await dispatch.Task;
        await Task.WhenAll(requests);
        return results;
    }

    public void Dispose() => _client.Dispose();

    private async Task SendAsync(string path, string token, Stopwatch clock, TimeSpan due, Latencies latencies, CancellationToken cancellationToken)
    {
        var isGood = false;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
            using var answer = await _client.SendAsync(request, cancellationToken);
            isGood = answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            // Counted as a failure.
        }

        latencies.Add(clock.Elapsed - due, isGood);
    }
}
