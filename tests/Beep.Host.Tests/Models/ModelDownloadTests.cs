using System.Text.Json.Nodes;
using Beep.Host.Tests.Support;

namespace Beep.Host.Tests.Models;

public sealed class ModelDownloadTests(PostgresServer postgres)
{
    private static readonly object Wanted = new { repository = "acme/tiny" };

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Download_WholeRepository_BringsOnlyWhatIsNeededAndIsReady(string kind)
    {
        await using var hub = await TestHub.StartAsync();
        hub.Files["pytorch_model.bin"] = [1];
        hub.Files["modeling_tiny.py"] = [1];
        hub.Files["consolidated.safetensors"] = [1];
        hub.Files["LICENSE.txt"] = "a licence"u8.ToArray();
        await using var server = await ModelServer.StartAsync(postgres, kind, hub, TestHub.Token);
        var (status, added) = await server.DownloadAsync(Wanted);
        Assert.Equal((202, "preparing", "apache-2.0"), (status, (string?)added!["state"], (string?)added["license"]));
        var model = await server.EndAsync(added);

        Assert.Equal(("ready", "acme/tiny", TestHub.Commit, "llama", 64, 128, true), ((string?)model["state"], (string?)model["name"], (string?)model["revision"], (string?)model["architecture"], (int)model["parameters"]!, (int)model["context_length"]!, (bool)model["has_chat_template"]!));
        var folder = Path.Combine(server.Paths.Models, "acme", "tiny");
        Assert.Equal(["LICENSE.txt", "README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"], Names(folder));
        Assert.Equal(hub.Files["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(folder, "model.safetensors"), TestContext.Current.CancellationToken));
        Assert.DoesNotContain(hub.Requests, request => request.Path.EndsWith(".bin", StringComparison.Ordinal) || request.Path.EndsWith(".py", StringComparison.Ordinal) || request.Path.Contains("consolidated", StringComparison.Ordinal));
        Assert.All(hub.Requests, request => Assert.Equal(request.Where == "hub", request.HasToken));
        Assert.Equal(["acme"], Directory.EnumerateFileSystemEntries(server.Paths.Models).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Download_SizesOnlyInTheTree_ReadsEveryPageOfIt()
    {
        await using var hub = await TestHub.StartAsync();
        hub.SaysSizes = false;
        await using var server = await ModelServer.StartAsync(postgres, hub: hub);
        Assert.Equal("ready", (string?)(await server.EndAsync((await server.DownloadAsync(Wanted)).Body!))["state"]);
    }

    [Fact]
    public async Task Download_TroublesOnTheWay_GoesOnWhereItStopped()
    {
        await using var hub = await TestHub.StartAsync();
        hub.Trouble("info", 500, 503);
        hub.Trouble("config.json", 500);
        hub.Trouble("model.safetensors", 429, -100, -50, 500, TestHub.Broken, -20);
        await using var server = await ModelServer.StartAsync(postgres, hub: hub);
        var model = await server.EndAsync((await server.DownloadAsync(Wanted)).Body!);
        Assert.Equal("ready", (string?)model["state"]);
        Assert.Equal([null, null, "bytes=100-", "bytes=150-", "bytes=150-", "bytes=150-", "bytes=170-"], hub.Requests.Where(request => request.Where == "storage").Select(request => request.Range));
    }

    [Fact]
    public async Task Download_Shards_ComeTogether()
    {
        await using var hub = await TestHub.StartAsync();
        hub.Files.Remove("model.safetensors", out var whole);
        hub.Files["model-00001-of-00002.safetensors"] = TestModels.Safetensors("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 16);
        hub.Files["model-00002-of-00002.safetensors"] = TestModels.Safetensors("""{"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8);
        hub.Files["model.safetensors.index.json"] = """{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"""u8.ToArray();
        await using var server = await ModelServer.StartAsync(postgres, hub: hub);
        var model = await server.EndAsync((await server.DownloadAsync(Wanted)).Body!);
        Assert.Equal(("ready", 6), ((string?)model["state"], (int?)model["parameters"]));
    }

    [Fact]
    public async Task Download_Cancelled_KeepsWhatCameAndTheNextOneGoesOn()
    {
        await using var hub = await TestHub.StartAsync();
        hub.Hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await ModelServer.StartAsync(postgres, hub: hub);
        var (_, added) = await server.DownloadAsync(Wanted);
        var incoming = Path.Combine(server.Paths.Models, ".incoming", "acme", "tiny");
        await WaitAsync(() => Directory.Exists(incoming) && Directory.EnumerateFiles(incoming, "model.safetensors.*.part").Any(part => new FileInfo(part).Length == 1));
        Assert.Equal((409, "model_preparing"), Answer(await server.DownloadAsync(Wanted)));
        Assert.Equal((409, "model_preparing"), Answer(await server.RemoveAsync((string)added!["id"]!)));
        using (var cancel = await server.Client.PostAsync(new Uri($"/api/v1/tasks/{added["task_id"]}/cancel", UriKind.Relative), null, TestContext.Current.CancellationToken))
        {
            Assert.Equal(202, (int)cancel.StatusCode);
        }

        var stopped = await server.EndAsync(added);
        Assert.Equal(("failed", "It was stopped before it was whole."), ((string?)stopped["state"], (string?)stopped["message"]));
        hub.Hold.SetResult();
        hub.Hold = null;
        hub.Requests.Clear();
        var (status, again) = await server.DownloadAsync(Wanted);
        Assert.Equal(202, status);
        Assert.Equal("ready", (string?)(await server.EndAsync(again!))["state"]);
        Assert.Equal(["bytes=1-"], hub.Requests.Where(request => request.Where == "storage").Select(request => request.Range));
        Assert.DoesNotContain(hub.Requests, request => request.Path.EndsWith("config.json", StringComparison.Ordinal));
        Assert.Equal((409, "model_exists"), Answer(await server.DownloadAsync(Wanted)));
    }

    [Theory]
    [InlineData("model.safetensors", 64)]
    [InlineData("config.json", 40)]
    public async Task Download_OtherChecksum_FailsAndKeepsNothingOfTheFile(string file, int digits)
    {
        await using var hub = await TestHub.StartAsync();
        hub.Lies[file] = new string('a', digits);
        await using var server = await ModelServer.StartAsync(postgres, hub: hub);
        var model = await server.EndAsync((await server.DownloadAsync(Wanted)).Body!);
        Assert.Equal("failed", (string?)model["state"]);
        Assert.StartsWith($"'{file}' arrived with the checksum ", (string?)model["message"], StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(server.Paths.Models, "acme")));
        Assert.All(Directory.EnumerateFiles(Path.Combine(server.Paths.Models, ".incoming", "acme", "tiny"), $"{file}*"), part => Assert.Equal(0, new FileInfo(part).Length));
    }

    [Fact]
    public async Task Download_HubGone_FailsWithTheReason()
    {
        await using var hub = await TestHub.StartAsync();
        hub.Trouble("model.safetensors", 500, 502, 503, 500, 500, 500);
        await using var server = await ModelServer.StartAsync(postgres, hub: hub);
        var model = await server.EndAsync((await server.DownloadAsync(Wanted)).Body!);
        Assert.Equal(("failed", "The hub could not give 'model.safetensors': it answers 500. Try again later: what has come so far is kept, and the download goes on from there."), ((string?)model["state"], (string?)model["message"]));
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest")]
    [InlineData("http://example.invalid/model.safetensors")]
    [InlineData("ftp://localhost/model.safetensors")]
    public async Task Download_RedirectToWhereNobodyShouldGo_IsNotFollowed(string target)
    {
        await using var hub = await TestHub.StartAsync();
        hub.RedirectTo = _ => target;
        await using var server = await ModelServer.StartAsync(postgres, hub: hub);
        var model = await server.EndAsync((await server.DownloadAsync(Wanted)).Body!);
        Assert.Equal("failed", (string?)model["state"]);
        Assert.Contains("which is not followed", (string?)model["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("acme/none", null, 404, "hub_model_not_found")]
    [InlineData("acme/tiny", "v9", 404, "hub_revision_not_found")]
    [InlineData("acme/tiny", "../..", 422, "bad_revision")]
    [InlineData("tiny", null, 422, "bad_model_name")]
    public async Task Download_NotThere_SaysWhat(string repository, string? revision, int status, string code)
    {
        await using var hub = await TestHub.StartAsync();
        await using var server = await ModelServer.StartAsync(postgres, hub: hub);
        Assert.Equal((status, code), Answer(await server.DownloadAsync(new { repository, revision })));
        Assert.Empty((await server.GetAsync("?search=acme")).Body!["items"]!.AsArray());
    }

    [Fact]
    public async Task Download_Gated_SaysWhereToAcceptTheTermsAndComesWithTheToken()
    {
        await using var hub = await TestHub.StartAsync();
        hub.IsGated = true;
        await using (var server = await ModelServer.StartAsync(postgres, hub: hub))
        {
            var (_, preview) = await server.GetAsync("/hub/acme/tiny");
            Assert.Equal((true, $"{hub.Address}acme/tiny"), ((bool)preview!["is_gated"]!, (string?)preview["page"]));
            var model = await server.EndAsync((await server.DownloadAsync(Wanted)).Body!);
            Assert.Equal($"The model 'acme/tiny' is only given to those who accepted its terms. Accept them at {hub.Address}acme/tiny, set HF_TOKEN to a token of that account, and try again.", (string?)model["message"]);
        }

        await using var known = await ModelServer.StartAsync(postgres, hub: hub, token: TestHub.Token);
        Assert.Equal("ready", (string?)(await known.EndAsync((await known.DownloadAsync(Wanted)).Body!))["state"]);
    }

    [Fact]
    public async Task Preview_BeforeDownload_ShowsLicenceSizeAndWhatWouldCome()
    {
        await using var hub = await TestHub.StartAsync();
        await using var server = await ModelServer.StartAsync(postgres, hub: hub);
        var (status, preview) = await server.GetAsync("/hub/acme/tiny");
        Assert.Equal((200, "apache-2.0", "llama", "base", TestHub.Commit), (status, (string?)preview!["license"], (string?)preview["architecture"], (string?)preview["kind"], (string?)preview["commit"]));
        Assert.Equal(hub.Files.Values.Sum(file => (long)file.Length), (long)preview["bytes"]!);
        Assert.Null(preview["problem"]);

        hub.ModelType = "mamba";
        Assert.Equal("unknown_model_type", (string?)(await server.GetAsync("/hub/acme/tiny")).Body!["problem"]!["code"]);
        Assert.Equal((422, "unknown_model_type"), Answer(await server.DownloadAsync(Wanted)));
        hub.Files.Remove("model.safetensors");
        hub.Files["pytorch_model.bin"] = [1];
        Assert.Equal((415, "pickled_weights"), Answer(await server.DownloadAsync(Wanted)));
        Assert.Equal((404, "hub_model_not_found"), Answer(await server.GetAsync("/hub/acme/none")));
        Assert.DoesNotContain(hub.Requests, request => request.Path.Contains("/resolve/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Download_Adapter_FindsItsBase()
    {
        using var folder = new Beep.Tests.TemporaryFolder();
        await using var hub = await TestHub.StartAsync();
        hub.Files.Clear();
        hub.Take(TestModels.WriteAdapter(folder.Path, "beep/beep-tiny"));
        hub.ModelType = null;
        await using var server = await ModelServer.StartAsync(postgres, hub: hub);
        var model = await server.EndAsync((await server.DownloadAsync(Wanted)).Body!);
        var detail = (await server.GetAsync($"/{model["id"]}")).Body!;
        Assert.Equal(("ready", "adapter", "beep/beep-tiny"), ((string?)model["state"], (string?)model["kind"], (string?)detail["base"]!["name"]));

        hub.Files.Clear();
        hub.Take(TestModels.WriteAdapter(folder.Path, "acme/unknown"));
        Assert.Equal((422, "base_unknown"), Answer(await server.DownloadAsync(new { repository = "acme/tiny", name = "acme/other" })));
    }

    private static async Task WaitAsync(Func<bool> isReached)
    {
        while (!isReached())
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static IEnumerable<string?> Names(string folder) => Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private static (int Status, string? Code) Answer((int Status, JsonNode? Body) answer) => (answer.Status, (string?)answer.Body?["code"]);
}
