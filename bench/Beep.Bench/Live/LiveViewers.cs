using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Beep.Bench.Serving;
using Beep.Host.Hosting.Live;
using Microsoft.AspNetCore.SignalR.Client;

namespace Beep.Bench.Live;

/// <summary>Viewers of a running job, as browsers are: half of them through the hub, half by server-sent events. Each event says when it was written.</summary>
internal sealed class LiveViewers(Uri server, string jobId, IReadOnlyList<string> tokens) : IAsyncDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false, MaxConnectionsPerServer = 100 }) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
    private readonly List<HubConnection> _connections = [];

    /// <summary>From the write of the line to the viewer's hand.</summary>
    public Latencies Latencies { get; } = new();

    /// <summary>Whether events count: not while everybody is still arriving.</summary>
    public volatile bool IsMeasuring;

    /// <summary>Watches to the last event; a viewer that missed one or got one twice fails.</summary>
    public async Task WatchAsync(int viewer, long last, CancellationToken cancellationToken)
    {
        var seq = 0L;
        await foreach (var data in viewer % 2 == 0 ? HubAsync(tokens[viewer % tokens.Count], cancellationToken) : StreamAsync(tokens[viewer % tokens.Count], cancellationToken))
        {
            if (!data.TryGetProperty("seq", out var number))
            {
                continue;
            }

            if (number.GetInt64() != seq + 1)
            {
                throw new InvalidOperationException($"Viewer {viewer} got {number} after {seq}.");
            }

            seq++;
            if (IsMeasuring)
            {
                Latencies.Add(TimeProvider.System.GetUtcNow() - data.GetProperty("at").GetDateTimeOffset(), isGood: true);
            }

            if (seq == last)
            {
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        _client.Dispose();
    }

    private async IAsyncEnumerable<JsonElement> HubAsync(string token, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var connection = new HubConnectionBuilder().WithUrl(new Uri(server, "/hubs/live"), options => options.Headers["Authorization"] = $"Bearer {token}").Build();
        lock (_connections)
        {
            _connections.Add(connection);
        }

        await connection.StartAsync(cancellationToken);
        await foreach (var happened in connection.StreamAsync<LiveEvent>("Watch", $"job/{jobId}", (long?)null, cancellationToken))
        {
            yield return happened.Data;
        }
    }

    private async IAsyncEnumerable<JsonElement> StreamAsync(string token, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"/api/v1/finetune/jobs/{jobId}/events"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        answer.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                using var data = JsonDocument.Parse(line.AsMemory(6));
                yield return data.RootElement.Clone();
            }
        }
    }
}
