using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Beep.Host.Jobs.Runs;
using Beep.Host.Jobs.Runs.Metrics;
using Beep.Host.Tests.Support;
using Beep.Tests;
using static Beep.Host.Tests.Jobs.Runs.RunHome;

namespace Beep.Host.Tests.Jobs.Runs;

public sealed class RunMetricsTests(PostgresServer postgres) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metrics_FewerThanThePoints_AreExact()
    {
        await using var home = await StartAsync(postgres);
        var (job, folder) = await home.AddAsync();
        await File.WriteAllTextAsync(folder.Events, Started(1) + Evaluation(2, 0, 6.25) + Metric(3, 1, 0.1) + Metric(4, 2, null) + Metric(5, 3, 2.123456789012345) + Evaluation(6, 3, 1.5), Token);
        var view = await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/metrics");
        Assert.Equal((6, 0, 3), (view.GetProperty("seq").GetInt64(), view.GetProperty("first_step").GetInt32(), view.GetProperty("last_step").GetInt32()));
        Assert.Equal("loss 2/1 exact [1,2,3] [0.1,null,2.123456789012345]", Describe(view, 0));
        Assert.Equal("evaluation_loss 2/0 exact [0,3] [6.25,1.5]", Describe(view, 1));
        Assert.Equal("tokens_per_second 2/1 exact [1,2,3] [null,810.5,810.5]", Describe(view, 5));
        var part = await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/metrics?series=memory_bytes&from=2&to=2");
        Assert.Equal("memory_bytes 1/0 exact [2] [123456789]", Describe(part, 0));

        await File.AppendAllTextAsync(folder.Events, Metric(7, 4, 1) + Metric(8, 5, 0.5)[..20], Token);
        var grown = await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/metrics?series=loss");
        Assert.Equal("loss 3/1 exact [1,2,3,4] [0.1,null,2.123456789012345,1]", Describe(grown, 0));
    }

    [Fact]
    public async Task Metrics_BadRequests_SayWhatIsWrong()
    {
        await using var home = await StartAsync(postgres);
        var (job, _) = await home.AddAsync();
        foreach (var (query, code) in new[] { ("points=9", "bad_points"), ("points=10001", "bad_points"), ("series=loss,nothing", "unknown_series"), ("from=-1", "bad_range"), ("from=5&to=4", "bad_range") })
        {
            await AssertFaultAsync(HttpStatusCode.UnprocessableEntity, code, await home.Admin.GetAsync($"/api/v1/finetune/jobs/{job.Id}/metrics?{query}", Token));
        }

        var empty = await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/metrics?series=loss");
        Assert.Equal("loss 0/0 exact [] []", Describe(empty, 0));
    }

    [Fact]
    public void Sample_LongSeries_KeepsEverySpikeTheFirstAndTheLast()
    {
        const int count = 100_003, points = 200;
        var sampler = new SeriesSampler(MetricSeries.All[0], count, points);
        for (var step = 1; step <= count; step++)
        {
            sampler.Add(step, step switch { 1 => 3, 4321 => 1000, 77_777 => -1000, 50_000 => double.NaN, count => 4, _ => 1 + (step % 7 * 0.001) });
        }

        var view = sampler.Finish();
        Assert.Equal((count - 1, 1, false), (view.Count, view.NotFinite, view.IsExact));
        Assert.InRange(view.Steps.Count, points / 2, points + 2);
        Assert.Equal(view.Steps.Order().Distinct(), view.Steps);
        Assert.Equal((1, 3.0), (view.Steps[0], view.Values[0]));
        Assert.Equal((count, 4.0), (view.Steps[^1], view.Values[^1]));
        Assert.Equal((1000.0, -1000.0), (view.Values[view.Steps.ToList().IndexOf(4321)], view.Values[view.Steps.ToList().IndexOf(77_777)]));
    }

    [Fact]
    public void Index_ResumedRun_HoldsWhatIsNotVoid()
    {
        var events = _folder.Write("events.jsonl", Started(1) + Evaluation(2, 0, 6) + Metric(3, 1, 5) + Metric(4, 2, 4) + Line(5, "\"type\":\"checkpoint\",\"step\":2,\"path\":\"x\"") + Metric(6, 3, 3)
            + Line(7, "\"type\":\"warning\",\"code\":\"x\",\"message\":\"y\"") + Line(8, "\"type\":\"sample\",\"step\":3,\"prompt\":\"p\",\"text\":\"t\"") + Started(9, 2) + Metric(10, 3, 2.5));
        Assert.Equal("Started@0 Evaluation@0 Metric@1 Metric@2 Notable@2 Notable@2 Started@2 Metric@3", Read(events));
        // Begun anew from nothing: nothing of before counts, but that there was a warning is still known.
        File.AppendAllText(events, Started(11) + Evaluation(12, 0, 6) + Metric(13, 1, 4.5));
        Assert.Equal("Started@0 Notable@0 Notable@0 Started@0 Started@0 Evaluation@0 Metric@1", Read(events));
    }

    [Fact]
    public void Index_ThatDoesNotMatch_IsMadeAgain()
    {
        var events = _folder.Write("events.jsonl", string.Concat(Enumerable.Range(1, 2000).Select(i => Metric(i, i, i))));
        var index = _folder.At("x/metrics.index");
        var before = Losses();
        Assert.Equal(Enumerable.Range(1, 2000).Select(i => (double)i), before);
        foreach (var damage in new Action[]
        {
            () => File.WriteAllBytes(index, File.ReadAllBytes(index)[..5000]),
            () => Damage(10),
            () => Damage((int)new FileInfo(index).Length - 8),
            () => File.WriteAllBytes(index, new byte[300]),
            () => File.Delete(index),
        })
        {
            damage();
            Assert.Equal(before, Losses());
        }

        // Another run in the same place.
        File.WriteAllText(events, string.Concat(Enumerable.Range(1, 3000).Select(i => Metric(i, i, -i))));
        Assert.Equal(Enumerable.Range(1, 3000).Select(i => (double)-i), Losses());
        File.WriteAllText(events, Metric(1, 1, 7));
        Assert.Equal([7], Losses());

        void Damage(int place)
        {
            var bytes = File.ReadAllBytes(index);
            bytes[place] ^= 0xFF;
            File.WriteAllBytes(index, bytes);
        }

        double[] Losses()
        {
            using var opened = MetricIndex.Open(index, events, Token);
            var records = new MetricRecord[4000];
            return [.. records.Take(opened.Read(0, records)).Select(record => record.Loss)];
        }
    }

    [Fact]
    public async Task Index_OfALongRun_IsTheSameHoweverItWasRead()
    {
        var text = new StringBuilder();
        for (var step = 1; step <= 60_000; step++)
        {
            text.Append(Metric(step, step, Math.Sin(step)));
            if (step == 30_000)
            {
                text.Append('z', 5 << 20).Append('\n');
            }
        }

        var events = _folder.Write("events.jsonl", text.ToString());
        using (var whole = MetricIndex.Open(_folder.At("a.index"), events, Token))
        {
            Assert.Equal(60_000, whole.Count);
            var record = new MetricRecord[1];
            whole.Read(whole.Find(45_678), record);
            Assert.Equal((45_678, Math.Sin(45_678)), (record[0].Step, record[0].Loss));
        }

        var growing = _folder.At("growing.jsonl");
        var bytes = await File.ReadAllBytesAsync(events, Token);
        for (var length = 0; length < bytes.Length; length += 3_333_333)
        {
            await File.WriteAllBytesAsync(growing, bytes[..length], Token);
            MetricIndex.Open(_folder.At("b.index"), growing, Token).Dispose();
        }

        await File.WriteAllBytesAsync(growing, bytes, Token);
        MetricIndex.Open(_folder.At("b.index"), growing, Token).Dispose();
        Assert.Equal((await File.ReadAllBytesAsync(_folder.At("a.index"), Token))[128..], (await File.ReadAllBytesAsync(_folder.At("b.index"), Token))[128..]);
    }

    [Fact]
    public async Task Results_HaveTheColumnsOfOpenAi()
    {
        await using var home = await StartAsync(postgres);
        var (job, folder) = await home.AddAsync();
        await File.WriteAllTextAsync(folder.Events, Started(1) + Evaluation(2, 0, 6.25) + Metric(3, 1, 0.1) + Metric(4, 2, null) + Metric(5, 3, 2.5) + Evaluation(6, 3, 1.5), Token);
        Assert.Equal("step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n0,,,6.25,0.25\n1,0.1,,,\n2,,,,\n3,2.5,,1.5,0.25\n",
            await home.Admin.GetStringAsync($"/api/v1/finetune/jobs/{job.Id}/results.csv", Token));
        using var full = new MemoryStream();
        await home.Get<RunResults>().WriteAsync(job.Id, full, Token);
        Assert.Equal("3,2026-01-01T00:00:05.0000000Z,2.5,0.0002,1.5,30,810.5,123456789,1.5,0.25", Encoding.UTF8.GetString(full.ToArray()).Split('\n')[^2]);
    }

    public void Dispose() => _folder.Dispose();

    private string Read(string events)
    {
        using var index = MetricIndex.Open(_folder.At("some.index"), events, Token);
        var records = new MetricRecord[100];
        return string.Join(' ', records.Take(index.Read(0, records)).Select(record => string.Create(CultureInfo.InvariantCulture, $"{record.Kind}@{record.Step}")));
    }

    private static string Describe(JsonElement view, int series)
    {
        var one = view.GetProperty("series")[series];
        return $"{one.GetProperty("name").GetString()} {one.GetProperty("count").GetRawText()}/{one.GetProperty("not_finite").GetRawText()} {(one.GetProperty("is_exact").GetBoolean() ? "exact" : "thinned")} {one.GetProperty("steps").GetRawText()} {one.GetProperty("values").GetRawText()}";
    }
}
