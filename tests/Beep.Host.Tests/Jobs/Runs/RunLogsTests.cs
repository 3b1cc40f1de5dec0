using System.Net;
using System.Text;
using Beep.Host.Jobs.Runs.Logs;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Extensions.DependencyInjection;
using static Beep.Host.Tests.Jobs.Runs.RunHome;

namespace Beep.Host.Tests.Jobs.Runs;

public sealed class RunLogsTests(PostgresServer postgres) : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    // A search goes on for a while by the clock, which stands.
    private readonly LogFile _file = new(new ManualTime());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Pages_ForwardAndBackward_GiveEveryLineOnce()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 30_000; i++)
        {
            text.Append("line ").Append(i).Append(i % 3 == 0 ? "\r\n" : "\n");
        }

        var path = _folder.Write("output.log", text.ToString());
        var wanted = Enumerable.Range(0, 30_000).Select(i => $"line {i}").ToList();
        var forward = new List<string>();
        for (long? position = 0; position < new FileInfo(path).Length;)
        {
            var part = _file.Read(path, new LogRequest(position, IsBackward: false, null, 197, IsComplete: false));
            forward.AddRange(part.Lines.Select(line => line.Text));
            position = part.End;
        }

        Assert.Equal(wanted, forward);
        var backward = new List<string>();
        for (long? position = null; position is not 0;)
        {
            var part = _file.Read(path, new LogRequest(position, IsBackward: true, null, 197, IsComplete: false));
            backward.InsertRange(0, part.Lines.Select(line => line.Text));
            position = part.Begin;
        }

        Assert.Equal(wanted, backward);
    }

    [Fact]
    public void Page_HostileOutput_IsPlainAndBounded()
    {
        var path = _folder.Write("output.log", "\u001b[31mred\u001b[0m <b>\u202Eabc\n" + new string('é', 40_000) + "\nlast without end");
        var part = _file.Read(path, new LogRequest(null, IsBackward: false, null, 200, IsComplete: false));
        Assert.Equal("?[31mred?[0m <b>?abc", part.Lines[0].Text);
        Assert.All(part.Lines, line => Assert.InRange(line.Text.Length, 0, LogFile.LongestLine));
        Assert.Equal(new string('é', 40_000), string.Concat(part.Lines.Skip(1).Select(line => line.Text)));
        Assert.Equal("last without end", _file.Read(path, new LogRequest(null, IsBackward: false, null, 200, IsComplete: true)).Lines[^1].Text);
        Assert.Equal("last without end", _file.Read(path, new LogRequest(null, IsBackward: true, null, 1, IsComplete: true)).Lines.Single().Text);
        Assert.DoesNotContain("last", _file.Read(path, new LogRequest(null, IsBackward: true, null, 1, IsComplete: false)).Lines.Single().Text, StringComparison.Ordinal);
        Assert.Empty(_file.Read(_folder.At("nothing"), new LogRequest(null, IsBackward: true, null, 1, IsComplete: false)).Lines);
    }

    [Fact]
    public void Read_WhoseTimeIsOverBeforeItBegins_StillComesOn()
    {
        var path = _folder.Write("output.log", "one\ntwo\n");
        var late = new LogFile(new LateTime());
        Assert.Equal(["one", "two"], late.Read(path, new LogRequest(null, IsBackward: false, null, 5, IsComplete: true)).Lines.Select(line => line.Text));
        Assert.Equal(["one", "two"], late.Read(path, new LogRequest(null, IsBackward: true, null, 5, IsComplete: true)).Lines.Select(line => line.Text));
    }

    [Fact]
    public async Task Logs_PagesSearchAndCursors_AreThoseOfTheApi()
    {
        await using var home = await StartAsync(postgres, configure: services => services.AddSingleton(provider => ActivatorUtilities.CreateInstance<RunLogs>(provider, new ManualTime())));
        var (job, folder) = await home.AddAsync();
        await File.WriteAllTextAsync(folder.Output, string.Concat(Enumerable.Range(0, 500).Select(i => $"step {i} {(i % 100 == 7 ? "Warning: hot" : "fine")}\n")), Token);
        var last = await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/logs?direction=backward&limit=2");
        Assert.Equal(["step 498 fine", "step 499 fine"], Texts(last));
        var before = await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/logs?direction=backward&limit=1&cursor={last.GetProperty("previous").GetString()}");
        Assert.Equal(["step 497 fine"], Texts(before));
        var found = await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/logs?search=warning&limit=3");
        Assert.Equal(["step 7 Warning: hot", "step 107 Warning: hot", "step 207 Warning: hot"], Texts(found));
        var rest = await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/logs?search=WARNING&limit=3&cursor={found.GetProperty("next").GetString()}");
        Assert.Equal(["step 307 Warning: hot", "step 407 Warning: hot"], Texts(rest));
        // It runs: there is always a next page.
        await File.AppendAllTextAsync(folder.Output, "more\nhalf", Token);
        var next = await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/logs?cursor={rest.GetProperty("next").GetString()}");
        Assert.Equal(["more"], Texts(next));
        await home.SetStateAsync(job, JobState.Failed);
        var end = await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/logs?cursor={next.GetProperty("next").GetString()}");
        Assert.Equal(["half"], Texts(end));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, end.GetProperty("next").ValueKind);
        await AssertFaultAsync(HttpStatusCode.UnprocessableEntity, "bad_direction", await home.Admin.GetAsync($"/api/v1/finetune/jobs/{job.Id}/logs?direction=up", Token));
        await AssertFaultAsync(HttpStatusCode.UnprocessableEntity, "bad_search", await home.Admin.GetAsync($"/api/v1/finetune/jobs/{job.Id}/logs?search={new string('x', 201)}", Token));
        await AssertFaultAsync(HttpStatusCode.BadRequest, "bad_cursor", await home.Admin.GetAsync($"/api/v1/finetune/jobs/{job.Id}/logs?cursor=..", Token));
    }

    [Fact]
    public async Task Stream_OfARunningJob_FollowsToTheEndAndGoesOn()
    {
        await using var home = await StartAsync(postgres);
        var (job, folder) = await home.AddAsync();
        await File.WriteAllTextAsync(folder.Output, "one\ntw", Token);
        var (texts, numbers) = (new List<string>(), new List<long>());
        await foreach (var line in StreamAsync(home.Admin, $"/api/v1/finetune/jobs/{job.Id}/logs", cancellationToken: Token))
        {
            texts.Add(line.Data.GetProperty("text").GetString()!);
            numbers.Add(line.Id);
            if (texts.Count == 1)
            {
                await File.AppendAllTextAsync(folder.Output, "o\nthree", Token);
                await home.SetStateAsync(job, JobState.Succeeded);
            }
        }

        Assert.Equal(["one", "two", "three"], texts);
        var rest = new List<string>();
        await foreach (var line in StreamAsync(home.Admin, $"/api/v1/finetune/jobs/{job.Id}/logs", numbers[0], Token))
        {
            rest.Add(line.Data.GetProperty("text").GetString()!);
        }

        Assert.Equal(["two", "three"], rest);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>A machine that stands still for a second before each look at the clock.</summary>
    private sealed class LateTime : TimeProvider
    {
        private long _now;

        public override long GetTimestamp() => _now += TimestampFrequency;
    }

    private static List<string> Texts(System.Text.Json.JsonElement page) => [.. page.GetProperty("items").EnumerateArray().Select(line => line.GetProperty("text").GetString()!)];
}
