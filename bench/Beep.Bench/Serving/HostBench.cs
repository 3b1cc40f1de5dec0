using System.Globalization;
using Beep.Host.Monitoring;

namespace Beep.Bench.Serving;

/// <summary>
/// The server against the figures that it is held to, all in one run on a full SQLite database, beside what the same machine does in the
/// same minutes for next to nothing: an empty ASP.NET Core program, and /health/live. On a machine that is busy with other things the
/// absolute figures say little and the ratios still something; "sent late" is how busy it was. The load is made on the processors that the
/// server runs on; where there are more than two, put <c>taskset -c 0,1</c> before the command. Linux only, for it reads /proc.
/// </summary>
internal static class HostBench
{
    private const int Starts = 5;
    private const int ListsPerSecond = 200;
    private const int QuietPerSecond = 50;
    private const int LivesPerSecond = 20;
    private const double MostStartSeconds = 1.5;
    private const double MostMegabytes = 200;
    private const double MostListMilliseconds = 25;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Storm = TimeSpan.FromSeconds(15);

    private static readonly string[] Lists =
    [
        "/api/v1/users", "/api/v1/users?search=number%2077", "/api/v1/roles", "/api/v1/groups", "/api/v1/audit", "/api/v1/audit?action=task_failed&outcome=refused",
        "/api/v1/audit?actor=person00042", "/api/v1/audit?resource_type=user&resource_id=77", "/api/v1/tasks", "/api/v1/tasks?owner=all&status=failed", "/api/v1/tokens", "/api/v1/sessions",
    ];

    /// <summary>Measures and prints; 1 where a figure is not met.</summary>
    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        // artifacts/bin/Beep.Bench/release/
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Beep.Host", "release", "beep.dll"));
        Print($"Making a home with {SeededHome.Users:N0} users, {SeededHome.AuditRows:N0} audit rows and {SeededHome.Tasks:N0} tasks; {Environment.ProcessorCount} processors, load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}.");
        using var home = await SeededHome.CreateAsync(cancellationToken);
        var isMet = await MeasureStartAsync(program, home, cancellationToken);
        await using var server = await ServerProcess.StartHostAsync(program, home.Path, cancellationToken);
        await Task.Delay(Idle, cancellationToken);
        isMet &= Judge("resident, idle", server.ResidentMegabytes, MostMegabytes, "MB");
        isMet &= await MeasureListsAsync(server, home, cancellationToken);
        isMet &= await MeasureStormAsync(server, home, cancellationToken);
        Print($"resident, after the load {server.ResidentMegabytes,10:N0} MB");
        return isMet ? 0 : 1;
    }

    private static async Task<bool> MeasureStartAsync(string program, SeededHome home, CancellationToken cancellationToken)
    {
        var (ours, empty) = (new List<(double Seconds, double Processor)>(), new List<(double Seconds, double Processor)>());
        for (var start = 0; start < Starts; start++)
        {
            await using (var server = await ServerProcess.StartHostAsync(program, home.Path, cancellationToken))
            {
                ours.Add((server.StartedIn.TotalSeconds, server.StartedWith.TotalSeconds));
            }

            await using (var server = await ServerProcess.StartEmptyAsync(cancellationToken))
            {
                empty.Add((server.StartedIn.TotalSeconds, server.StartedWith.TotalSeconds));
            }
        }

        var (median, least) = (Median(ours.Select(start => start.Seconds)), Median(empty.Select(start => start.Seconds)));
        var (processor, leastProcessor) = (Median(ours.Select(start => start.Processor)), Median(empty.Select(start => start.Processor)));
        Print($"starts                   {string.Join(' ', ours.Select(start => start.Seconds.ToString("F2", CultureInfo.InvariantCulture)))} s");
        Print($"processor time of one    {processor,10:F2} s     ratio {processor / leastProcessor:F1} to an empty ASP.NET Core program's {leastProcessor:F2} s");
        Print($"empty ASP.NET Core       {least,10:F2} s     ratio {median / least:F1}");
        return Judge("start to ready, median", median, MostStartSeconds, "s");
    }

    private static async Task<bool> MeasureListsAsync(ServerProcess server, SeededHome home, CancellationToken cancellationToken)
    {
        using var load = new OpenLoad(server.Address, home.Tokens);
        var cold = await load.RunAsync(Lists, ListsPerSecond, WarmUp, cancellationToken);
        using var measured = new OpenLoad(server.Address, home.Tokens);
        using var beside = new OpenLoad(server.Address, home.Tokens);
        var before = server.ProcessorTime;
        var lives = beside.RunAsync([HealthEndpoints.Live], LivesPerSecond, Load, cancellationToken);
        var lists = await measured.RunAsync(Lists, ListsPerSecond, Load, cancellationToken);
        var busy = server.ProcessorTime - before;
        var (live, all) = ((await lives)[HealthEndpoints.Live], Latencies.Of(lists.Values));
        Print($"\n{ListsPerSecond} requests/s            p50      p95      p99      max   ms");
        foreach (var (path, latencies) in lists.Append(new("all", all)).Append(new(HealthEndpoints.Live, live)).Append(new("sent late", measured.Lateness)))
        {
            Print($"{latencies.At(0.5),26:F1} {latencies.At(0.95),8:F1} {latencies.At(0.99),8:F1} {latencies.Max,8:F1}   {path}{(latencies.Failures > 0 ? $"  {latencies.Failures} FAILED" : "")}");
        }

        Print($"processor time           {busy.TotalMilliseconds / (all.Count + live.Count),10:F2} ms a request");
        Print($"p99 of the first {WarmUp.TotalSeconds:N0} s    {Latencies.Of(cold.Values).At(0.99),10:F1} ms");
        Print($"p99 beside health/live   {all.At(0.99) / live.At(0.99),10:F1} times");
        return Judge("p99 of the lists", all.At(0.99), MostListMilliseconds, "ms") & all.Failures == 0;
    }

    private static async Task<bool> MeasureStormAsync(ServerProcess server, SeededHome home, CancellationToken cancellationToken)
    {
        using var load = new OpenLoad(server.Address, home.Tokens);
        var calm = Latencies.Of((await load.RunAsync(Lists, QuietPerSecond, Storm, cancellationToken)).Values);
        var storm = new SignInStorm(server.Address, SeededHome.Password);
        var raging = storm.RunAsync(Storm, cancellationToken);
        var stormy = Latencies.Of((await load.RunAsync(Lists, QuietPerSecond, Storm, cancellationToken)).Values);
        await raging;
        Print($"\nsign-ins                 {storm.SignedIn.Count / Storm.TotalSeconds,10:F1} /s    p50 {storm.SignedIn.At(0.5):N0} ms, p99 {storm.SignedIn.At(0.99):N0} ms, {storm.Refused.Count} refused");
        Print($"lists at {QuietPerSecond}/s, calm     {calm.At(0.5),10:F1} p50, {calm.At(0.95):F1} p95, {calm.At(0.99):F1} p99 ms");
        Print($"lists beside sign-ins    {stormy.At(0.5),10:F1} p50, {stormy.At(0.95):F1} p95, {stormy.At(0.99):F1} p99 ms; ratio of p99 {stormy.At(0.99) / calm.At(0.99):F1}, {calm.Failures + stormy.Failures} failed");
        return storm.SignedIn.Count > 0 && calm.Failures + stormy.Failures == 0;
    }

    private static double Median(IEnumerable<double> figures) => figures.Order().ElementAt(Starts / 2);

    private static bool Judge(string name, double figure, double most, string unit)
    {
        Print($"{name,-24} {figure,10:F2} {unit,-5} {(figure < most ? "met" : "NOT MET")} (under {most:N1})");
        return figure < most;
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
