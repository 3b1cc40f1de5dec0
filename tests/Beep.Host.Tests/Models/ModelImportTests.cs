using System.Text.Json.Nodes;
using Beep.Host.Tests.Support;
using Beep.LanguageModels.Safetensors;

namespace Beep.Host.Tests.Models;

public sealed class ModelImportTests(PostgresServer postgres)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    /// <summary>The inputs of that number in the list of bad inputs that the product is held against, each with its answer.</summary>
    public static TheoryData<int, string, int, string> BadInputs => new()
    {
        { 4, "folder beside the allowed one, with the same beginning", 403, "folder_not_allowed" },
        { 30, "pytorch_model.bin", 415, "pickled_weights" },
        { 30, "model.pt", 415, "pickled_weights" },
        { 30, "weights.pkl", 415, "pickled_weights" },
        { 30, "adapter_model.bin", 415, "pickled_weights" },
        { 31, """{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,160]}}""", 422, "bad_safetensors" },
        { 31, """{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}""", 422, "bad_safetensors" },
        { 31, """{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,16]}}""", 422, "bad_safetensors" },
        { 31, """{"a":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}}""", 422, "bad_safetensors" },
        { 31, "not json", 422, "bad_safetensors" },
        { 31, "header longer than the file", 422, "bad_safetensors" },
        { 34, "owner_id", 400, "bad_json" },
        { 34, "state", 400, "bad_json" },
        { 35, "--flag", 422, "bad_model_name" },
        { 35, "a/--flag", 422, "bad_model_name" },
        { 35, "; rm", 422, "bad_model_name" },
        { 35, "a/$(x)", 422, "bad_model_name" },
        { 35, "../x", 422, "bad_model_name" },
        { 35, "a/../../x", 422, "bad_model_name" },
        { 35, "https://example.com/x", 422, "bad_model_name" },
        { 35, "hf://a/b", 422, "bad_model_name" },
        { 36, "path", 400, "bad_json" },
    };

    [Theory]
    [MemberData(nameof(BadInputs))]
    public async Task Import_BadInput_IsAnsweredAsListedAndLeavesNothing(int number, string input, int status, string code)
    {
        await using var server = await ModelServer.StartAsync(postgres);
        var folder = Path.Combine(server.Imports, "model");
        TestModels.WriteBase(folder);
        var request = new JsonObject { ["folder"] = folder, ["name"] = "acme/model" };
        switch (number)
        {
            case 4:
                request["folder"] = TestModels.WriteBase(Path.Combine(server.Elsewhere, "model"));
                break;
            case 30:
                File.Delete(Path.Combine(folder, "model.safetensors"));
                await File.WriteAllTextAsync(Path.Combine(folder, input), "a pickle", TestContext.Current.CancellationToken);
                break;
            case 31:
                var bytes = input.StartsWith("header", StringComparison.Ordinal) ? [.. BitConverter.GetBytes(1UL << 40), .. new byte[100]] : TestModels.Safetensors(input);
                await File.WriteAllBytesAsync(Path.Combine(folder, "model.safetensors"), bytes, TestContext.Current.CancellationToken);
                break;
            case 35:
                request["name"] = input;
                break;
            default:
                request[input] = "x";
                break;
        }

        var answer = await server.ImportAsync(request);
        Assert.Equal((status, code), (answer.Status, (string?)answer.Body!["code"]));
        if (number == 35)
        {
            Assert.Equal(status, (await server.DownloadAsync(new { repository = input })).Status);
        }

        Assert.Equal(["beep/beep-tiny"], (await server.GetAsync("")).Body!["items"]!.AsArray().Select(item => (string?)item!["name"]));
        Assert.False(Directory.Exists(server.Paths.Models));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Import_Copy_IsReadyAndRemovedWhole(string kind)
    {
        await using var server = await ModelServer.StartAsync(postgres, kind);
        var folder = TestModels.WriteBase(Path.Combine(server.Imports, "model"));
        await File.WriteAllTextAsync(Path.Combine(folder, "modeling.py"), "import os", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "optimizer.pt"), "a pickle", TestContext.Current.CancellationToken);
        var (status, added) = await server.ImportAsync(new { folder, name = "acme/model" });
        Assert.Equal(202, status);
        var model = await server.EndAsync(added!);
        Assert.Equal(("ready", "imported", "apache-2.0"), ((string?)model["state"], (string?)model["origin"], (string?)model["license"]));
        Assert.Equal(["README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"], Directory.EnumerateFiles(Path.Combine(server.Paths.Models, "acme", "model")).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        Assert.Equal(204, (await server.RemoveAsync((string)model["id"]!)).Status);
        Assert.Empty(Directory.EnumerateFileSystemEntries(server.Paths.Models));
        Assert.Equal(409, (await server.GetAsync($"/{model["id"]}")).Status);
        Assert.Equal(404, (await server.GetAsync("/0123456789abcdef")).Status);
    }

    [Fact]
    public async Task Import_InPlace_NeedsAnAdministratorAndStaysWhereItIs()
    {
        await using var server = await ModelServer.StartAsync(postgres);
        var folder = TestModels.WriteBase(Path.Combine(server.Imports, "model"));
        using var other = await server.Server.CreateAdminClientAsync("finetune.manage", "llm:view");
        using var refused = await System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(other, "/api/v1/models/import", new { folder, name = "acme/model", in_place = true }, TestContext.Current.CancellationToken);
        Assert.Equal(403, (int)refused.StatusCode);
        var model = await server.EndAsync((await server.ImportAsync(new { folder, name = "acme/model", in_place = true })).Body!);
        Assert.Equal("ready", (string?)model["state"]);
        Assert.Equal(204, (await server.RemoveAsync((string)model["id"]!)).Status);
        Assert.True(File.Exists(Path.Combine(folder, "model.safetensors")));
        await File.WriteAllTextAsync(Path.Combine(folder, "pytorch_model.bin"), "a pickle", TestContext.Current.CancellationToken);
        Assert.Equal(415, (await server.ImportAsync(new { folder, name = "acme/model", in_place = true })).Status);
    }

    [Fact]
    public async Task Import_LinksOutOfTheFolder_AreNotFollowed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows lets only administrators make links.");
        await using var server = await ModelServer.StartAsync(postgres);
        var outside = TestModels.WriteBase(Path.Combine(server.Elsewhere, "model"));
        Directory.CreateSymbolicLink(Path.Combine(server.Imports, "link"), outside);
        Assert.Equal(403, (await server.ImportAsync(new { folder = Path.Combine(server.Imports, "link"), name = "acme/model" })).Status);
        Assert.Equal(403, (await server.ImportAsync(new { folder = Path.Combine(server.Imports, "..", "imports2", "model"), name = "acme/model" })).Status);
        Assert.Equal(403, (await server.ImportAsync(new { folder = Path.Combine(server.Imports, "none"), name = "acme/model" })).Status);
        Assert.Equal(422, (await server.ImportAsync(new { folder = "relative", name = "acme/model" })).Status);

        var folder = TestModels.WriteBase(Path.Combine(server.Imports, "model"));
        File.Delete(Path.Combine(folder, "README.md"));
        File.CreateSymbolicLink(Path.Combine(folder, "README.md"), Path.Combine(outside, "README.md"));
        Assert.Equal(403, (await server.ImportAsync(new { folder, name = "acme/model" })).Status);
        File.Delete(Path.Combine(folder, "README.md"));
        File.Move(Path.Combine(folder, "config.json"), Path.Combine(server.Imports, "blob"));
        File.CreateSymbolicLink(Path.Combine(folder, "config.json"), Path.Combine("..", "blob"));
        Assert.Equal("ready", (string?)(await server.EndAsync((await server.ImportAsync(new { folder, name = "acme/model" })).Body!))["state"]);
        Assert.Null(new FileInfo(Path.Combine(server.Paths.Models, "acme", "model", "config.json")).LinkTarget);
    }

    [Fact]
    public async Task Import_Adapter_WantsItsBaseThatThenStays()
    {
        await using var server = await ModelServer.StartAsync(postgres);
        var folder = TestModels.WriteBase(Path.Combine(server.Imports, "base"));
        var origin = await server.EndAsync((await server.ImportAsync(new { folder, name = "acme/base" })).Body!);
        var adapter = TestModels.WriteAdapter(Path.Combine(server.Imports, "adapter"), "/somewhere/else");
        Assert.Equal((422, "base_unknown"), Answer(await server.ImportAsync(new { folder = adapter, name = "acme/adapter" })));
        var made = await server.EndAsync((await server.ImportAsync(new { folder = adapter, name = "acme/adapter", @base = "acme/base" })).Body!);
        Assert.Equal(("ready", (string?)origin["id"], "llama"), ((string?)made["state"], (string?)made["base_id"], (string?)made["architecture"]));
        Assert.Equal((409, "model_in_use"), Answer(await server.RemoveAsync((string)origin["id"]!)));
        Assert.Equal((422, "base_is_adapter"), Answer(await server.ImportAsync(new { folder = adapter, name = "acme/second", @base = "acme/adapter" })));
        Assert.Equal((422, "not_an_adapter"), Answer(await server.ImportAsync(new { folder, name = "acme/second", @base = "acme/base" })));
        Assert.Equal(["acme/adapter"], (await server.GetAsync("?search=ACME&kind=adapter")).Body!["items"]!.AsArray().Select(item => (string?)item!["name"]));
    }

    [Fact]
    public async Task Import_ConfigThatCannotBeUsed_SaysWhy()
    {
        await using var server = await ModelServer.StartAsync(postgres);
        var folder = TestModels.WriteBase(Path.Combine(server.Imports, "model"));
        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), """{"model_type":"mamba"}""", TestContext.Current.CancellationToken);
        Assert.Equal((422, "unknown_model_type"), Answer(await server.ImportAsync(new { folder, name = "acme/model" })));
        File.Delete(Path.Combine(folder, "config.json"));
        Assert.Equal((422, "config_not_found"), Answer(await server.ImportAsync(new { folder, name = "acme/model" })));
        await using (var large = File.Create(Path.Combine(folder, "config.json")))
        {
            large.SetLength(1L << 32);
        }

        Assert.Equal((422, "file_too_large"), Answer(await server.ImportAsync(new { folder, name = "acme/model" })));
        File.Delete(Path.Combine(folder, ModelWeights.SingleFile));
        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), TestModels.Config, TestContext.Current.CancellationToken);
        Assert.Equal((422, "weights_not_found"), Answer(await server.ImportAsync(new { folder, name = "acme/model" })));
    }

    private static (int Status, string? Code) Answer((int Status, JsonNode? Body) answer) => (answer.Status, (string?)answer.Body?["code"]);
}
