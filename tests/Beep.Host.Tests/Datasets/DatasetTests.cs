using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Datasets.Files;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Stored;
using Beep.Host.Models;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using static Beep.Host.Tests.Datasets.DatasetServer;

namespace Beep.Host.Tests.Datasets;

public sealed class DatasetTests(PostgresServer postgres)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Upload_SoundRows_BecomesAReadyVersionWithItsReport(string kind)
    {
        await using var server = await StartAsync(postgres, kind);
        var id = await server.AddAsync(GoodRows, "rows.jsonl", "numbers");
        var dataset = await server.GetAsync($"{Root}/{id}");
        Assert.Equal(("numbers", 1, "ready", 20L, "prompt_completion", 0, "rows.jsonl"), (
            (string)dataset["name"]!, (int)dataset["latest_version"]!, (string)dataset["latest"]!["state"]!, (long)dataset["latest"]!["rows"]!, (string)dataset["latest"]!["format"]!, (int)dataset["latest"]!["errors"]!, (string)dataset["latest"]!["filename"]!));
        var report = await server.GetAsync($"{Root}/{id}/versions/1/report");
        Assert.Equal((0, 20L, 20L, "rows.jsonl"), ((int)report["errors"]!, (long)report["data"]!["rows"]!, (long)report["data"]!["valid_rows"]!, (string)report["data"]!["file"]!));
        var manifest = DatasetManifest.Read(server.Paths.DatasetVersion(id, 1))!;
        Assert.Equal(("source.jsonl", 20L, "prompt_completion", "rows.index", GoodRows.LongLength), (manifest.File, manifest.Rows, manifest.Format, manifest.RowHashes, manifest.Bytes));
        Assert.Equal(["dataset_created", "dataset_version_added", "dataset_checked"], await ActionsAsync(server, id));

        var found = await server.Server.Services.GetRequiredService<DatasetReader>().FindAsync((await FirstVersionAsync(server)).Seq, Token);
        Assert.Equal(GoodRows, await File.ReadAllBytesAsync(found!.Path, Token));
    }

    [Fact]
    public async Task Upload_OfTheSameBytes_IsTheVersionThatIsThere()
    {
        await using var server = await StartAsync(postgres);
        var id = await server.AddAsync(GoodRows);
        var (status, body) = await server.UploadAsync(GoodRows, "other.jsonl", id);
        Assert.Equal((200, false, 1), (status, (bool)body["is_new"]!, (int)body["version"]!["version"]!));
        Assert.Empty(Directory.EnumerateFileSystemEntries(server.Paths.Uploads));
        Assert.Equal(GoodRows.LongLength, (long)(await server.GetAsync("/api/v1/finetune/usage"))["used"]!["bytes"]!);
    }

    [Fact]
    public async Task Upload_WithOtherNamesForItsColumns_IsTakenForWhatItIs()
    {
        await using var server = await StartAsync(postgres);
        var id = await server.AddAsync(Encoding.UTF8.GetBytes("""{"question": "How many?", "answer": "Three."}"""));
        var report = await server.GetAsync($"{Root}/{id}/versions/1/report");
        Assert.Equal(("question", "answer", 0), ((string)report["columns"]!["prompt"]!, (string)report["columns"]!["completion"]!, (int)report["errors"]!));
        Assert.Equal("question", DatasetManifest.Read(server.Paths.DatasetVersion(id, 1))!.Columns!["prompt"]);
    }

    [Fact]
    public async Task Upload_WithSomeRowsAtFault_IsKeptWithAReportThatNamesThem()
    {
        await using var server = await StartAsync(postgres);
        var id = await server.AddAsync([.. GoodRows, .. Encoding.UTF8.GetBytes("""{"prompt": "a", "completion": ""}""")]);
        var version = await server.GetAsync($"{Root}/{id}/versions/1");
        Assert.Equal(("invalid", 1, 21L), ((string)version["state"]!, (int)version["errors"]!, (long)version["rows"]!));
        var finding = (await server.GetAsync($"{Root}/{id}/versions/1/report"))["data"]!["findings"]![0]!;
        Assert.Equal(("empty_completion", 21L), ((string)finding["code"]!, (long)finding["first"]![0]!["line"]!));
        var (status, body) = await server.PostAsync($"{Root}/{id}/versions/1/split", new { share = 0.5 });
        Assert.Equal((409, "dataset_invalid"), (status, (string)body["code"]!));
    }

    [Theory]
    [InlineData("rows.zip", 20)]
    [InlineData("rows.jsonl.gz", 20)]
    [InlineData("rows.tar", 40)]
    [InlineData("rows.tar.gz", 40)]
    public async Task Upload_OfAnArchive_IsTheRowsInIt(string fileName, long rows)
    {
        await using var server = await StartAsync(postgres);
        var two = BadFiles.Tar(BadFiles.TarFile("data/a.jsonl", GoodRows[..^1]), BadFiles.TarFile("data/README.md", [1, 2, 3]), BadFiles.TarFile("data/b.jsonl", [0xEF, 0xBB, 0xBF, .. GoodRows]));
        var content = fileName switch
        {
            "rows.zip" => BadFiles.Zip(("__MACOSX/._rows.jsonl", [1]), ("data/rows.jsonl", GoodRows), ("data/LICENSE", [1])),
            "rows.tar" => two,
            "rows.tar.gz" => BadFiles.Gzip(two),
            _ => BadFiles.Gzip(GoodRows),
        };
        var id = await server.AddAsync(content, fileName);
        var version = await server.GetAsync($"{Root}/{id}/versions/1");
        Assert.Equal(("ready", rows, fileName), ((string)version["state"]!, (long)version["rows"]!, (string)version["filename"]!));
        Assert.False(File.Exists(Path.Combine(server.Paths.DatasetVersion(id, 1), "data")));
    }

    [Fact]
    public async Task Import_OfAnAllowedFile_IsACopyOfIt()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "rows.jsonl");
        await File.WriteAllBytesAsync(file, GoodRows, Token);
        await using var server = await StartAsync(postgres, change: host => host with { ImportFolders = [folder.Path] });
        Assert.Equal(file, (string)(await server.GetAsync($"{Root}/import"))[0]!["path"]!);
        var (status, body) = await server.PostAsync($"{Root}/import", new { path = file, name = "imported" });
        Assert.True(status == 201, body.ToString());
        Assert.Equal(GoodRows, await File.ReadAllBytesAsync(file, Token));
        Assert.Equal("ready", (string)(await server.UntilCheckedAsync((string)body["dataset"]!["id"]!, 1))["state"]!);
    }

    [Fact]
    public async Task Dataset_OfSomebodyElse_IsNotThereUntilItIsShared()
    {
        await using var server = await StartAsync(postgres);
        using var other = await server.CreateOtherClientAsync();
        using var admin = await server.Server.CreateAdminClientAsync();
        var id = await server.AddAsync(GoodRows, name: "mine");
        foreach (var path in new[] { "", "/versions", "/versions/1", "/versions/1/report", "/versions/1/preview", "/versions/1/download", "/uses", "/diff?from=1&to=1" })
        {
            Assert.Equal(404, (await server.SendAsync(HttpMethod.Get, $"{Root}/{id}{path}", client: other)).Status);
        }

        Assert.Empty((await server.GetAsync(Root, other))["items"]!.AsArray());
        Assert.Equal(403, (await server.SendAsync(HttpMethod.Get, $"{Root}?owner=all", client: other)).Status);
        Assert.Single((await server.GetAsync($"{Root}?owner=all&search=MIN", admin))["items"]!.AsArray());

        var otherId = (long)(await server.GetAsync("/api/v1/profile", other))["user"]!["id"]!;
        Assert.Equal(201, (await server.PostAsync("/api/v1/privileges", new { resource_type = "dataset", resource_id = id, user_id = otherId, access_level = "read" }, admin)).Status);
        Assert.Equal("mine", (string)(await server.GetAsync($"{Root}/{id}", other))["name"]!);
        Assert.Single((await server.GetAsync(Root, other))["items"]!.AsArray());
        Assert.Equal(404, (await server.SendAsync(HttpMethod.Delete, $"{Root}/{id}", client: other)).Status);
        Assert.Equal(404, (await server.UploadAsync(GoodRows, datasetId: id, client: other)).Status);
    }

    [Fact]
    public async Task Change_OfNameAndDescription_IsAuditedAndOfNothingElse()
    {
        await using var server = await StartAsync(postgres);
        var id = await server.AddAsync(GoodRows, name: "before");
        var (status, body) = await server.SendAsync(HttpMethod.Patch, $"{Root}/{id}", JsonContent.Create(new { name = "after", description = "Two\nlines." }));
        Assert.Equal((200, "after", "Two\nlines."), (status, (string)body["name"]!, (string)body["description"]!));
        Assert.Equal(400, (await server.SendAsync(HttpMethod.Patch, $"{Root}/{id}", JsonContent.Create(new { owner_id = 7 }))).Status);
        Assert.Equal((422, "bad_name"), await CodeAsync(server.SendAsync(HttpMethod.Patch, $"{Root}/{id}", JsonContent.Create(new { name = "a\u202Eb" }))));
        Assert.Contains("dataset_updated", await ActionsAsync(server, id));
    }

    [Fact]
    public async Task Delete_WhileAJobNeedsIt_IsRefusedAndThenTakesItsFiles()
    {
        await using var server = await StartAsync(postgres);
        var id = await server.AddAsync(GoodRows);
        var version = await FirstVersionAsync(server);
        var job = await AddJobAsync(server, version.Seq, JobState.Running);
        Assert.Equal((409, "dataset_in_use"), await CodeAsync(server.SendAsync(HttpMethod.Delete, $"{Root}/{id}")));
        Assert.True(File.Exists(Path.Combine(server.Paths.DatasetVersion(id, 1), "source.jsonl")));

        await using (var context = server.Server.Services.GetRequiredService<FineTuneDatabase>().CreateContext())
        {
            await context.Set<Job>().Where(row => row.Id == job).ExecuteUpdateAsync(row => row.SetProperty(found => found.State, JobState.Succeeded), Token);
        }

        Assert.Equal("succeeded", (string)(await server.GetAsync($"{Root}/{id}/uses", await server.Server.CreateAdminClientAsync()))[0]!["state"]!);
        Assert.Equal(204, (await server.SendAsync(HttpMethod.Delete, $"{Root}/{id}")).Status);
        Assert.Equal((409, "dataset_deleted"), await CodeAsync(server.SendAsync(HttpMethod.Get, $"{Root}/{id}")));
        Assert.Contains("dataset_deleted", await ActionsAsync(server, id));
        await server.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Preview_WithAModel_ShowsWhatIsLearntAndWhatIsNot()
    {
        await using var server = await StartAsync(postgres);
        var model = await AddModelAsync(server);
        var id = await server.AddAsync(GoodRows);
        var page = await server.GetAsync($"{Root}/{id}/versions/1/preview?model={model}&after=4&limit=3");
        Assert.Equal([5L, 6L, 7L, 7L], page["rows"]!.AsArray().Select(row => (long)row!["row"]!).Append((long)page["next"]!));
        var row = page["rows"]![0]!;
        var segments = row["segments"]!.AsArray();
        var learnt = string.Concat(segments.Where(segment => (bool)segment!["is_trained"]!).Select(segment => (string)segment!["text"]!));
        var seen = string.Concat(segments.Select(segment => (string)segment!["text"]!));
        Assert.Contains("The number 5.", learnt, StringComparison.Ordinal);
        Assert.DoesNotContain("What is 5?", learnt, StringComparison.Ordinal);
        Assert.Contains("What is 5?", seen, StringComparison.Ordinal);
        Assert.Equal((int)row["tokens"]!, segments.Sum(segment => (int)segment!["tokens"]!));
        Assert.Equal((int)row["trainable_tokens"]!, segments.Where(segment => (bool)segment!["is_trained"]!).Sum(segment => (int)segment!["tokens"]!));
        Assert.Contains(segments, segment => (bool)segment!["is_special"]!);
        Assert.Equal(404, (await server.SendAsync(HttpMethod.Get, $"{Root}/{id}/versions/1/preview?model=0123456789abcdef")).Status);
        Assert.Equal(GoodRow, (string)(await server.GetAsync($"{Root}/{await server.AddAsync(Encoding.UTF8.GetBytes(GoodRow))}/versions/1/preview"))["rows"]![0]!["source"]!);
    }

    [Fact]
    public async Task Lengths_OfAModel_AreExactWhereverTheBoundIs()
    {
        await using var server = await StartAsync(postgres, options: new DatasetOptions { UploadsPerMinute = 100, CountAtOnce = GoodRows.Length });
        var model = await AddModelAsync(server);
        var id = await server.AddAsync(GoodRows);
        var lengths = await server.GetAsync($"{Root}/{id}/versions/1/lengths?model={model}");
        Assert.Equal((20L, 20L, 0L), ((long)lengths["rows"]!, lengths["histogram"]!.AsArray().Sum(bucket => (long)bucket!["rows"]!), (long)lengths["rows_over"]!));
        var rows = (await server.GetAsync($"{Root}/{id}/versions/1/preview?model={model}&limit=50"))["rows"]!.AsArray().Select(row => (int)row!["tokens"]!).ToList();
        var bound = rows.Order().ElementAt(10);
        lengths = await server.GetAsync($"{Root}/{id}/versions/1/lengths?model={model}&max_length={bound}");
        Assert.Equal((rows.Count(row => row > bound), (long)rows.Sum(row => Math.Max(0, row - bound)), rows.Sum()), ((int)lengths["rows_over"]!, (long)lengths["tokens_over"]!, (int)lengths["tokens"]!));

        // A longer file takes a task.
        var other = await server.AddAsync([.. GoodRows, .. Encoding.UTF8.GetBytes(GoodRow)]);
        Assert.Equal((409, "tokens_not_counted"), await CodeAsync(server.SendAsync(HttpMethod.Get, $"{Root}/{other}/versions/1/lengths?model={model}")));
        var (status, task) = await server.PostAsync($"{Root}/{other}/versions/1/validate", new { model });
        Assert.Equal((202, "completed"), (status, (string)(await server.UntilTaskEndsAsync((string)task["id"]!))["status"]!));
        Assert.Equal(21, (long)(await server.GetAsync($"{Root}/{other}/versions/1/lengths?model={model}"))["rows"]!);
        Assert.True((long)(await server.GetAsync($"{Root}/{other}/versions/1"))["trainable_tokens"]! > 0);
    }

    [Fact]
    public async Task Diff_OfVersions_CountsAndShowsRows()
    {
        await using var server = await StartAsync(postgres);
        var id = await server.AddAsync(GoodRows);
        var lines = Encoding.UTF8.GetString(GoodRows).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await server.UploadAsync(Encoding.UTF8.GetBytes(string.Join('\n', lines.Skip(2).Append(GoodRow))), datasetId: id);
        await server.UntilCheckedAsync(id, 2);
        var diff = await server.GetAsync($"{Root}/{id}/diff?from=1&to=2");
        Assert.Equal((1L, 2L, 18L), ((long)diff["added"]!, (long)diff["removed"]!, (long)diff["kept"]!));
        Assert.Equal([(19L, GoodRow)], diff["added_rows"]!.AsArray().Select(row => ((long)row!["line"]!, (string)row["row"]!)));
        Assert.Equal([1L, 2L], diff["removed_rows"]!.AsArray().Select(row => (long)row!["line"]!));
    }

    [Fact]
    public async Task Seen_OfARow_NamesVersionsJobsAndModels()
    {
        await using var server = await StartAsync(postgres);
        var id = await server.AddAsync([.. GoodRows, .. Encoding.UTF8.GetBytes(GoodRow)]);
        await server.AddAsync(GoodRows);
        var job = await AddJobAsync(server, (await FirstVersionAsync(server)).Seq, JobState.Succeeded);
        using var admin = await server.Server.CreateAdminClientAsync();
        using var content = new StringContent($$"""{"row":   {{GoodRow}} }""", Encoding.UTF8, "application/json");
        var (status, seen) = await server.SendAsync(HttpMethod.Post, $"{Root}/seen", content, admin);
        Assert.True(status == 200, seen.ToString());
        var version = Assert.Single(seen["versions"]!.AsArray())!;
        Assert.Equal((id, 1, 21L, job, 2), ((string)version["dataset_id"]!, (int)version["version"]!, (long)version["lines"]![0]!, (string)version["jobs"]![0]!["job_id"]!, (int)seen["versions_searched"]!));
        using var other = await server.CreateOtherClientAsync();
        Assert.Empty((await server.PostAsync($"{Root}/seen", new { row = JsonNode.Parse(GoodRow) }, other)).Body["versions"]!.AsArray());
        Assert.Equal((422, "bad_row"), await CodeAsync(server.PostAsync($"{Root}/seen", new { row = 7 })));
    }

    [Fact]
    public async Task Split_ByShareAndSeed_IsTheSameEachTimeAndSharesNoRow()
    {
        await using var server = await StartAsync(postgres);
        byte[] rows = [.. Enumerable.Range(0, 500).SelectMany(row => Encoding.UTF8.GetBytes($$"""{"prompt": "{{row % 400}}?", "completion": "{{row % 400}}."}""" + "\n"))];
        var id = await server.AddAsync(rows, name: "whole");
        var first = await SplitAsync(server, id, new { share = 0.2, seed = 7, train_name = "a", validation_name = "b" });
        var second = await SplitAsync(server, id, new { share = 0.2, seed = 7, train_name = "c", validation_name = "d" });
        Assert.Equal(500L, (long)first["train_rows"]! + (long)first["validation_rows"]!);
        Assert.InRange((long)first["validation_rows"]!, 60, 140);
        var (train, validation) = (await RowsAsync(server, (string)first["train_dataset"]!), await RowsAsync(server, (string)first["validation_dataset"]!));
        Assert.Empty(train.Intersect(validation));
        Assert.Equal(train, await RowsAsync(server, (string)second["train_dataset"]!));
        Assert.Equal((409, "name_taken"), await CodeAsync(server.PostAsync($"{Root}/{id}/versions/1/split", new { share = 0.2, train_name = "a" })));
        Assert.Equal((422, "bad_share"), await CodeAsync(server.PostAsync($"{Root}/{id}/versions/1/split", new { share = 1.0 })));
    }

    [Fact]
    public async Task Quota_OfDatasets_IsHeldToAndShown()
    {
        await using var server = await StartAsync(postgres);
        using var admin = await server.Server.CreateAdminClientAsync();
        var user = (long)(await server.GetAsync("/api/v1/profile"))["user"]!["id"]!;
        Assert.Equal(200, (await server.SendAsync(HttpMethod.Put, "/api/v1/finetune/quotas", JsonContent.Create(new { holder = "user", holder_id = user, datasets = 1 }), admin)).Status);
        Assert.Equal(403, (await server.SendAsync(HttpMethod.Get, "/api/v1/finetune/quotas")).Status);
        Assert.Equal((404, "no_holder"), await CodeAsync(server.SendAsync(HttpMethod.Put, "/api/v1/finetune/quotas", JsonContent.Create(new { holder = "group", holder_id = 999, datasets = 1 }), admin)));
        Assert.Equal((422, "bad_quota"), await CodeAsync(server.SendAsync(HttpMethod.Put, "/api/v1/finetune/quotas", JsonContent.Create(new { holder = "everybody", bytes = -1 }), admin)));
        await server.AddAsync(GoodRows, name: "one");
        Assert.Equal((409, "too_many_datasets"), await CodeAsync(server.UploadAsync(GoodRows, fields: ("name", "two"))));
        var usage = await server.GetAsync("/api/v1/finetune/usage");
        Assert.Equal((1, 1, GoodRows.LongLength), ((int)usage["used"]!["datasets"]!, (int)usage["limits"]!["datasets"]!, (long)usage["used"]!["bytes"]!));
        Assert.Single((await server.GetAsync("/api/v1/finetune/quotas", admin))["items"]!.AsArray());
    }

    [Fact]
    public async Task Area_SwitchedOff_HasNoRoute()
    {
        await using var server = await Serving.RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        using var client = await server.CreateAdminClientAsync();
        foreach (var path in new[] { Root, Uploads, "/api/v1/finetune/usage", "/api/v1/finetune/quotas" })
        {
            using var answer = await client.GetAsync(path, Token);
            Assert.Equal(404, (int)answer.StatusCode);
        }
    }

    private static async Task<JsonNode> SplitAsync(DatasetServer server, string id, object wanted)
    {
        var (status, task) = await server.PostAsync($"{Root}/{id}/versions/1/split", wanted);
        Assert.True(status == 202, task.ToString());
        var ended = await server.UntilTaskEndsAsync((string)task["id"]!);
        Assert.True((string)ended["status"]! == "completed", ended.ToString());
        return ended["result"]!;
    }

    private static async Task<string[]> RowsAsync(DatasetServer server, string id)
    {
        await server.UntilCheckedAsync(id, 1);
        return (await server.Client.GetStringAsync($"{Root}/{id}/versions/1/download", Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task<(int, string?)> CodeAsync(Task<(int Status, JsonNode Body)> answer) => ((await answer).Status, (string?)(await answer).Body["code"]);

    private static async Task<DatasetVersion> FirstVersionAsync(DatasetServer server)
    {
        await using var context = server.Server.Services.GetRequiredService<FineTuneDatabase>().CreateContext();
        return await context.Set<DatasetVersion>().OrderBy(version => version.Seq).FirstAsync(Token);
    }

    private static async Task<string[]> ActionsAsync(DatasetServer server, string id)
    {
        await using var context = server.Server.Services.GetRequiredService<HostDatabase>().CreateContext();
        return await context.Set<AuditRow>().Where(row => row.ResourceType == "dataset" && row.ResourceId == id).OrderBy(row => row.Seq).Select(row => row.Action).ToArrayAsync(Token);
    }

    private static async Task<string> AddJobAsync(DatasetServer server, long versionSeq, JobState state)
    {
        var id = PublicId.New();
        await using var context = server.Server.Services.GetRequiredService<FineTuneDatabase>().CreateContext();
        context.Add(new Job { Id = id, OwnerId = 999, Name = "tune", State = state, ModelId = PublicId.New(), ModelName = "tiny", DatasetVersionSeq = versionSeq, Backend = "torchsharp", Method = "lora", Spec = "{}", CreatedAt = TimeProvider.System.GetUtcNow() });
        await context.SaveChangesAsync(Token);
        return id;
    }

    private static async Task<string> AddModelAsync(DatasetServer server)
    {
        var id = PublicId.New();
        await using var context = server.Server.Services.GetRequiredService<HostDatabase>().CreateContext();
        context.Add(new Model { Id = id, Name = $"tests/{id}", Kind = ModelKind.Base, Origin = ModelOrigin.Imported, State = ModelState.Ready, Path = RepositoryFiles.At("models", "beep-tiny"), CreatedAt = TimeProvider.System.GetUtcNow() });
        await context.SaveChangesAsync(Token);
        return id;
    }
}
