using System.Text;
using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Models;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Extensions.DependencyInjection;
using static Beep.Host.Tests.Datasets.DatasetServer;

namespace Beep.Host.Tests.Datasets;

/// <summary>Pairs of answers from the upload to what a model sees of them.</summary>
public sealed class PreferenceDatasetTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly string[] Rows =
    [
        """{"conversations": [{"from": "system", "value": "Be kind."}, {"from": "human", "value": "Hi"}], "chosen": {"from": "gpt", "value": "Hello!"}, "rejected": {"from": "gpt", "value": "No."}}""",
        """{"conversations": [{"from": "human", "value": "Bye"}], "chosen": {"from": "gpt", "value": "Good bye!"}, "rejected": {"from": "gpt", "value": "What is it that you want of me now?"}}""",
    ];

    [Fact]
    public async Task Upload_ArrayOfConversationsWithTwoAnswers_IsReportedPreviewedCountedAndSplit()
    {
        await using var server = await StartAsync(postgres);
        var model = await AddModelAsync(server);
        var id = await server.AddAsync(Encoding.UTF8.GetBytes($"[\n  {Rows[0]},\n  {Rows[1]},\n  {Rows[1]},\n  {string.Join(",\n  ", Enumerable.Range(1, 12).Select(number => Rows[1].Replace("Bye", $"Bye {number}", StringComparison.Ordinal)))}\n]\n"), "dpo_demo.json");

        var version = await server.GetAsync($"{Root}/{id}/versions/1");
        Assert.Equal(("ready", "preference", 15L), ((string)version["state"]!, (string)version["format"]!, (long)version["rows"]!));
        var report = await server.GetAsync($"{Root}/{id}/versions/1/report");
        Assert.Equal((0, 1L), ((int)report["errors"]!, (long)report["data"]!["duplicates"]!));

        var row = (await server.GetAsync($"{Root}/{id}/versions/1/preview?model={model}&limit=1"))["rows"]![0]!;
        var segments = row["segments"]!.AsArray();
        Assert.Contains("Hello!", TextOf(segments, "chosen"), StringComparison.Ordinal);
        Assert.DoesNotContain("No.", TextOf(segments, "chosen"), StringComparison.Ordinal);
        Assert.StartsWith("No.", TextOf(segments, "rejected").TrimStart(), StringComparison.Ordinal);
        Assert.Contains("Be kind.", TextOf(segments, null), StringComparison.Ordinal);
        Assert.All(segments.Where(segment => segment!["side"] is null), segment => Assert.False((bool)segment!["is_trained"]!));
        Assert.Equal([null, "chosen", "rejected"], segments.Select(segment => (string?)segment!["side"]).Distinct());
        Assert.Equal((int)row["trainable_tokens"]!, segments.Where(segment => (bool)segment!["is_trained"]!).Sum(segment => (int)segment!["tokens"]!));

        // What comes before the answers is shown once, and read twice.
        Assert.Equal((int)row["tokens"]!, segments.Sum(segment => (int)segment!["tokens"]! * (segment["side"] is null ? 2 : 1)));

        var lengths = await server.GetAsync($"{Root}/{id}/versions/1/lengths?model={model}");
        var rows = (await server.GetAsync($"{Root}/{id}/versions/1/preview?model={model}&limit=50"))["rows"]!.AsArray();
        Assert.Equal((15L, rows.Sum(shown => (long)shown!["tokens"]!)), ((long)lengths["rows"]!, (long)lengths["tokens"]!));

        var (status, task) = await server.PostAsync($"{Root}/{id}/versions/1/split", new { share = 0.5 });
        Assert.True(status == 202, task.ToJsonString());
        var done = await server.UntilTaskEndsAsync((string)task["id"]!);
        Assert.Equal("completed", (string?)done["status"]);
    }

    [Fact]
    public async Task Upload_PairsThatTeachNothing_AreRefusedByLine()
    {
        await using var server = await StartAsync(postgres);
        var (status, body) = await server.UploadAsync(Encoding.UTF8.GetBytes("""{"prompt":"Hi","chosen":"x","rejected":"x"}"""), "pairs.jsonl");

        Assert.Equal((422, "same_answers"), (status, (string?)body["code"] ?? (string?)body["errors"]?[0]?["code"]));
    }

    private static string TextOf(JsonArray segments, string? side) => string.Concat(segments.Where(segment => (string?)segment!["side"] == side).Select(segment => (string)segment!["text"]!));

    private static async Task<string> AddModelAsync(DatasetServer server)
    {
        var id = PublicId.New();
        await using var context = server.Server.Services.GetRequiredService<HostDatabase>().CreateContext();
        context.Add(new Model { Id = id, Name = $"tests/{id}", Kind = ModelKind.Base, Origin = ModelOrigin.Imported, State = ModelState.Ready, Path = RepositoryFiles.At("models", "beep-tiny"), CreatedAt = TimeProvider.System.GetUtcNow() });
        await context.SaveChangesAsync(TestContext.Current.CancellationToken);
        return id;
    }
}
