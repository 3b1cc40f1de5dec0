using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Beep.Bench.Serving;

namespace Beep.Bench.Live;

/// <summary>
/// Watching runs against the figures that it is held to: events of a worker in the hands of many viewers, a long series, a long log, a long
/// list. The viewers share the processors with the server; what they take is in the figures.
/// </summary>
internal static class LiveBench
{
    private const int Viewers = 20;
    private const int PerSecond = 1000;
    private const int Seconds = 20;
    private const int WarmUpSeconds = 5;
    private const int Opens = 5;
    private const int Pages = 60;
    private const int ListsPerSecond = 50;
    private const double MostEventMilliseconds = 100;
    private const double MostSeriesMilliseconds = 1000;
    private const double MostPageMilliseconds = 200;
    private const double MostListMilliseconds = 25;

    /// <summary>Measures and prints; 1 where a figure is not met.</summary>
    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        // artifacts/bin/Beep.Bench/release/
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Beep.Host", "release", "beep.dll"));
        Print($"Making a home with {RunsHome.Jobs:N0} jobs, a series of {RunsHome.Points:N0} points and a log of {RunsHome.LogBytes:N0} bytes; {Environment.ProcessorCount} processors, load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}.");
        using var home = await RunsHome.CreateAsync(cancellationToken);
        await using var server = await ServerProcess.StartHostAsync(program, home.Path, cancellationToken);
        using var client = new HttpClient { BaseAddress = server.Address, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", home.Tokens[0]) } };
        var isMet = await MeasureSeriesAsync(server, client, home, cancellationToken);
        isMet &= await MeasureLogAsync(client, home, cancellationToken);
        isMet &= await MeasureEventsAsync(server, home, cancellationToken);
        isMet &= await MeasureListAsync(server, client, home, cancellationToken);
        Print($"resident, after all          {server.ResidentMegabytes,10:N0} MB");
        return isMet ? 0 : 1;
    }

    private static async Task<bool> MeasureSeriesAsync(ServerProcess server, HttpClient client, RunsHome home, CancellationToken cancellationToken)
    {
        var path = $"/api/v1/finetune/jobs/{home.Long}/metrics?points=1000";
        // So that the first figure is that of the series and not that of a program that has just begun.
        await TimeAsync(client, $"/api/v1/finetune/jobs/{home.Running}/metrics", cancellationToken);
        var before = server.ProcessorTime;
        var first = await TimeAsync(client, path, cancellationToken);
        Print($"processor time of the first  {(server.ProcessorTime - before).TotalMilliseconds,10:F0} ms");
        var (again, parts) = (new Latencies(), new Latencies());
        for (var open = 0; open < Opens; open++)
        {
            again.Add(await TimeAsync(client, path, cancellationToken), isGood: true);
            parts.Add(await TimeAsync(client, $"{path}&from={400_000 + open}&to={500_000 + open}", cancellationToken), isGood: true);
        }

        return Judge("series, never read before", first.TotalMilliseconds, MostSeriesMilliseconds, "ms")
            & Judge("series, worst of the next", again.Max, MostSeriesMilliseconds, "ms")
            & Judge("a tenth of it, worst", parts.Max, MostSeriesMilliseconds, "ms");
    }

    private static async Task<bool> MeasureLogAsync(HttpClient client, RunsHome home, CancellationToken cancellationToken)
    {
        var path = $"/api/v1/finetune/jobs/{home.Wordy}/logs?limit=200";
        var (pages, searches) = (new Latencies(), new Latencies());
        await TimeAsync(client, $"/api/v1/finetune/jobs/{home.Running}/logs", cancellationToken);
        var (random, cursor) = (new Random(1), "");
        for (var page = 0; page < Pages; page++)
        {
            var place = page % 3 == 0 ? Cursor(random.NextInt64(RunsHome.LogBytes)) : cursor;
            var clock = Stopwatch.StartNew();
            var answer = JsonDocument.Parse(await client.GetByteArrayAsync($"{path}&direction={(page % 2 == 0 ? "backward" : "forward")}&cursor={place}", cancellationToken)).RootElement;
            pages.Add(clock.Elapsed, isGood: true);
            cursor = answer.GetProperty(page % 2 == 0 ? "previous" : "next").GetString() ?? "";
            searches.Add(await TimeAsync(client, $"{path}&search=nothing+of+this+is+there&cursor={place}", cancellationToken), isGood: true);
        }

        return Judge("log page, p99", pages.At(0.99), MostPageMilliseconds, "ms") & Judge("log search, one request", searches.At(0.99), MostPageMilliseconds * 2, "ms");
    }

    private static async Task<bool> MeasureEventsAsync(ServerProcess server, RunsHome home, CancellationToken cancellationToken)
    {
        const long last = (long)PerSecond * (Seconds + WarmUpSeconds);
        await using var viewers = new LiveViewers(server.Address, home.Running, home.Tokens);
        var watching = Enumerable.Range(0, Viewers).Select(viewer => Task.Run(() => viewers.WatchAsync(viewer, last, cancellationToken), cancellationToken)).ToList();
        var before = server.ProcessorTime;
        // Not of the pool: its threads are the viewers'.
        var writer = new Thread(() => Write(home.FolderOf(home.Running).Events, last, seq => viewers.IsMeasuring = seq > PerSecond * WarmUpSeconds)) { IsBackground = true };
        writer.Start();
        await Task.WhenAll(watching);
        writer.Join();
        Print($"events to {Viewers} viewers         p50 {viewers.Latencies.At(0.5):F1}, p95 {viewers.Latencies.At(0.95):F1}, max {viewers.Latencies.Max:F1} ms; {viewers.Latencies.Count:N0} received, processor {(server.ProcessorTime - before).TotalSeconds:F1} s");
        return Judge($"events at {PerSecond:N0}/s, p99", viewers.Latencies.At(0.99), MostEventMilliseconds, "ms");
    }

    private static void Write(string path, long last, Action<long> wrote)
    {
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var clock = Stopwatch.StartNew();
        for (var seq = 1L; seq <= last; seq++)
        {
            while (clock.Elapsed.TotalSeconds * PerSecond < seq)
            {
                Thread.Sleep(1);
            }

            file.Write(System.Text.Encoding.UTF8.GetBytes(RunsHome.Metric(seq, (int)seq, TimeProvider.System.GetUtcNow())));
            wrote(seq);
        }
    }

    private static async Task<bool> MeasureListAsync(ServerProcess server, HttpClient client, RunsHome home, CancellationToken cancellationToken)
    {
        const string list = "/api/v1/finetune/jobs?limit=50";
        using var answer = await client.GetAsync(list, cancellationToken);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            Print($"job list                     this server has none");
            return true;
        }

        using var load = new OpenLoad(server.Address, home.Tokens);
        await load.RunAsync([list], ListsPerSecond, TimeSpan.FromSeconds(WarmUpSeconds), cancellationToken);
        var lists = (await load.RunAsync([list], ListsPerSecond, TimeSpan.FromSeconds(Seconds), cancellationToken))[list];
        return Judge("job list, p99", lists.At(0.99), MostListMilliseconds, "ms") & lists.Failures == 0;
    }

    private static async Task<TimeSpan> TimeAsync(HttpClient client, string path, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        using var answer = await client.GetAsync(path, cancellationToken);
        await answer.Content.ReadAsByteArrayAsync(cancellationToken);
        answer.EnsureSuccessStatusCode();
        return clock.Elapsed;
    }

    private static string Cursor(long position) => Beep.Host.Hosting.Http.PageRequest.CursorOf(position);

    private static bool Judge(string name, double figure, double most, string unit)
    {
        Print($"{name,-28} {figure,10:F1} {unit,-5} {(figure < most ? "met" : "NOT MET")} (under {most:N0})");
        return figure < most;
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
