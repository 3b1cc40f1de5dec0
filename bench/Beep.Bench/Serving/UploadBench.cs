using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Claims;
using System.Text;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity;
using Beep.Host.Identity.Tokens;
using Beep.Host.Identity.Users;
using Beep.Host.Setup.Completion;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Bench.Serving;

/// <summary>
/// Uploads over the loopback against the figures that they are held to, beside a plain copy of the same file on the same disk in the same
/// run: read, hashed, written, brought to the disk. The client runs on the server's processors. Linux only, for it reads /proc.
/// </summary>
internal static class UploadBench
{
    private const int Repeats = 3;
    private const int WarmUps = 2;
    private const long WarmUpBytes = 100_000_000;
    private const double LeastMegabytesPerSecond = 300;
    private const double MostExtraMegabytes = 50;
    private const string Datasets = "/api/v1/finetune/datasets";
    private const string Uploads = "/api/v1/finetune/uploads";
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    /// <summary>Measures and prints; 1 where a figure is not met.</summary>
    public static async Task<int> RunAsync(long megabytes, CancellationToken cancellationToken)
    {
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Beep.Host", "release", "beep.dll"));
        var folder = Directory.CreateTempSubdirectory("beep-bench-");
        try
        {
            var home = Path.Combine(folder.FullName, "home");
            var token = await SetUpAsync(home, cancellationToken);
            var file = Path.Combine(folder.FullName, "chat.jsonl");
            ChatRows.Write(file, megabytes * 1_000_000);
            var small = Path.Combine(folder.FullName, "small.jsonl");
            ChatRows.Write(small, WarmUpBytes);
            await using var server = await ServerProcess.StartHostAsync(program, home, cancellationToken);
            using var client = new HttpClient { BaseAddress = server.Address, Timeout = TimeSpan.FromMinutes(10) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            for (var warmUp = 0; warmUp < WarmUps; warmUp++)
            {
                await DeleteAsync(client, await UploadFormAsync(client, small, cancellationToken), cancellationToken);
                await DeleteAsync(client, await UploadTusAsync(client, small, cancellationToken), cancellationToken);
            }

            return await MeasureAsync(server, client, file, cancellationToken) ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<bool> MeasureAsync(ServerProcess server, HttpClient client, string file, CancellationToken cancellationToken)
    {
        var size = new FileInfo(file).Length / 1e6;
        Print($"{size:N0} MB, {Environment.ProcessorCount} processors, load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}, best of {Repeats}");
        var (copy, form, tus, extra) = (double.MaxValue, double.MaxValue, double.MaxValue, 0.0);
        for (var repeat = 0; repeat < Repeats; repeat++)
        {
            var clock = Stopwatch.StartNew();
            CopyPlainly(file, file + ".copy");
            copy = Math.Min(copy, clock.Elapsed.TotalSeconds);
            File.Delete(file + ".copy");

            var (seconds, id, grown) = await WatchAsync(server, () => UploadFormAsync(client, file, cancellationToken), cancellationToken);
            (form, extra) = (Math.Min(form, seconds), Math.Max(extra, grown));
            await DeleteAsync(client, id, cancellationToken);

            (seconds, id, grown) = await WatchAsync(server, () => UploadTusAsync(client, file, cancellationToken), cancellationToken);
            (tus, extra) = (Math.Min(tus, seconds), Math.Max(extra, grown));
            await DeleteAsync(client, id, cancellationToken);
        }

        Print($"plain copy with SHA-256  {size / copy,10:N0} MB/s");
        Print($"form                     {size / form,10:N0} MB/s   {copy / form:P0} of the copy");
        Print($"tus                      {size / tus,10:N0} MB/s   {copy / tus:P0} of the copy");
        Print($"extra memory             {extra,10:N0} MB     {(extra < MostExtraMegabytes ? "met" : "NOT MET")} (under {MostExtraMegabytes:N0})");
        var isMet = size / Math.Max(form, tus) > LeastMegabytesPerSecond;
        Print($"slower of both           {size / Math.Max(form, tus),10:N0} MB/s   {(isMet ? "met" : "NOT MET")} (over {LeastMegabytesPerSecond:N0})");
        return isMet && extra < MostExtraMegabytes;
    }

    private static void CopyPlainly(string from, string to)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        using var target = new FileStream(to, FileMode.Create, FileAccess.Write, FileShare.None, 1);
        var buffer = new byte[1 << 20];
        for (int read; (read = source.Read(buffer)) > 0;)
        {
            hash.AppendData(buffer.AsSpan(0, read));
            target.Write(buffer, 0, read);
        }

        target.Flush(flushToDisk: true);
    }

    /// <summary>How long it took, and by how much the server grew meanwhile at most.</summary>
    private static async Task<(double Seconds, string Id, double Grown)> WatchAsync(ServerProcess server, Func<Task<string>> upload, CancellationToken cancellationToken)
    {
        var before = server.ResidentMegabytes;
        var most = before;
        var clock = Stopwatch.StartNew();
        var work = upload();
        while (!work.IsCompleted)
        {
            most = Math.Max(most, server.ResidentMegabytes);
            await Task.WhenAny(work, Task.Delay(Glance, cancellationToken));
        }

        var seconds = clock.Elapsed.TotalSeconds;
        return (seconds, await work, most - before);
    }

    private static async Task<string> UploadFormAsync(HttpClient client, string file, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
        using var form = new MultipartFormDataContent { { new StreamContent(stream, 1 << 20), "file", "chat.jsonl" } };
        using var answer = await client.PostAsync(new Uri(Datasets, UriKind.Relative), form, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode ? (string)JsonNode.Parse(text)!["dataset"]!["id"]! : throw new InvalidOperationException(text);
    }

    private static async Task<string> UploadTusAsync(HttpClient client, string file, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
        using var begin = new HttpRequestMessage(HttpMethod.Post, Uploads);
        begin.Headers.Add("Tus-Resumable", "1.0.0");
        begin.Headers.Add("Upload-Length", stream.Length.ToString(CultureInfo.InvariantCulture));
        begin.Headers.Add("Upload-Metadata", $"filename {Convert.ToBase64String(Encoding.UTF8.GetBytes("chat.jsonl"))}");
        using var begun = await client.SendAsync(begin, cancellationToken);
        using var append = new HttpRequestMessage(HttpMethod.Patch, begun.Headers.Location ?? throw new InvalidOperationException(await begun.Content.ReadAsStringAsync(cancellationToken))) { Content = new StreamContent(stream, 1 << 20) };
        append.Headers.Add("Tus-Resumable", "1.0.0");
        append.Headers.Add("Upload-Offset", "0");
        append.Content.Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
        using var answer = await client.SendAsync(append, cancellationToken);
        return answer.IsSuccessStatusCode ? answer.Headers.GetValues("Beep-Dataset").Single() : throw new InvalidOperationException(await answer.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>Once its rows were read, so that the check of one upload is not measured with the next.</summary>
    private static async Task DeleteAsync(HttpClient client, string id, CancellationToken cancellationToken)
    {
        while ((string?)JsonNode.Parse(await client.GetStringAsync(new Uri($"{Datasets}/{id}", UriKind.Relative), cancellationToken))!["latest"]!["state"] == "checking")
        {
            await Task.Delay(Glance, cancellationToken);
        }

        using var answer = await client.DeleteAsync(new Uri($"{Datasets}/{id}", UriKind.Relative), cancellationToken);
        answer.EnsureSuccessStatusCode();
        await Task.Delay(TimeSpan.FromSeconds(7), cancellationToken);
    }

    private static async Task<string> SetUpAsync(string home, CancellationToken cancellationToken)
    {
        string? Variable(string name) => name == SettingKeys.Home.Name ? home : null;
        Directory.CreateDirectory(home);
        await HeadlessSetup.TryCompleteAsync(
            Variable, new AdminDraft("admin", SeededHome.Password) { MustChangePassword = false }, AuditActors.CommandLine, TimeProvider.System, new Dictionary<SettingKey, string?> { [SettingKeys.Finetune] = "true" }, cancellationToken);
        var options = HostConfiguration.Load(new HostSurroundings { Variable = Variable }).Require();
        var trail = new AuditTrail(options.Database!, options, TimeProvider.System);
        await using var context = trail.Database.CreateContext();
        var id = await context.Set<User>().Select(user => user.Id).SingleAsync(cancellationToken);
        var services = new ServiceCollection();
        services.AddLogging().AddSingleton(TimeProvider.System).AddSingleton(trail.Database).AddSingleton(trail.Writer).AddSingleton<IDataProtectionProvider, EphemeralDataProtectionProvider>();
        await using var provider = services.AddIdentityServices().BuildServiceProvider();
        var admin = new ClaimsIdentity(
            [new(ClaimNames.UserId, id.ToString(CultureInfo.InvariantCulture)), new(ClaimNames.UserName, "admin"), .. Permissions.All.Keys.Select(name => new Claim(ClaimNames.Permission, name))], "bench");
        return (await provider.GetRequiredService<TokenService>().CreateAsync(Grantor.Of(new ClaimsPrincipal(admin), ipAddress: null), "bench", [.. Permissions.All.Keys], days: 1, cancellationToken)).Text;
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
