using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Tests.Models;
using Beep.Host.Tests.Support;

namespace Beep.Host.Tests.Cli;

public sealed class ModelsCommandTests(PostgresServer server)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Run_ImportListRemove_DoWhatTheyShow(string kind)
    {
        using var database = await TestDatabase.CreateAsync(kind, server);
        using var folder = new Beep.Tests.TemporaryFolder();
        Assert.Equal("setup_required", Code(await JsonAsync(database, 20, ["models", "list"])));
        await JsonAsync(database, 0, ["admin", "create"]);
        Assert.Equal(["beep/beep-tiny"], Names(await JsonAsync(database, 0, ["models", "list"])));
        var source = TestModels.WriteBase(Path.Combine(folder.Path, "model"));
        Assert.Equal("bad_model_name", Code(await JsonAsync(database, 20, ["models", "import", source, "--name", "a/../b"])));
        var made = (await JsonAsync(database, 0, ["models", "import", source, "--name", "acme/model"]))["model"]!;
        Assert.Equal(("ready", "imported", Path.Combine(database.Paths.Models, "acme", "model")), ((string?)made["state"], (string?)made["origin"], (string?)made["folder"]));
        var adapter = TestModels.WriteAdapter(Path.Combine(folder.Path, "adapter"));
        Assert.Equal("base_unknown", Code(await JsonAsync(database, 20, ["models", "import", adapter, "--name", "acme/adapter"])));
        await JsonAsync(database, 0, ["models", "import", adapter, "--name", "acme/adapter", "--base", "acme/model", "--in-place"]);
        Assert.Equal("model_exists", Code(await JsonAsync(database, 20, ["models", "import", source, "--name", "acme/model"])));
        Assert.Equal(["acme/adapter", "acme/model"], Names(await JsonAsync(database, 0, ["models", "list", "--search", "acme"])));

        Assert.Equal("not_confirmed", Code(await JsonAsync(database, 20, ["models", "remove", "acme/model"])));
        Assert.Equal("model_in_use", Code(await JsonAsync(database, 20, ["models", "remove", "acme/model", "--yes"])));
        await JsonAsync(database, 0, ["models", "remove", "acme/adapter", "--yes"]);
        await JsonAsync(database, 0, ["models", "remove", (string)made["id"]!, "--yes"]);
        Assert.True(File.Exists(Path.Combine(adapter, "adapter_model.safetensors")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(database.Paths.Models));
        Assert.Empty((await JsonAsync(database, 0, ["audit", "verify"]))["faults"]!.AsArray());
    }

    [Fact]
    public async Task Run_Download_SaysLicenceAndSizeFirstAndHowFarItIs()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        await using var hub = await TestHub.StartAsync();
        await JsonAsync(database, 0, ["admin", "create"]);
        var terminal = new TestTerminal();
        Assert.Equal(0, await RunAsync(database, terminal, ["models", "download", "acme/tiny"], ("HF_ENDPOINT", hub.Address.ToString())));
        var lines = terminal.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("acme/tiny: ", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("in 5 files, licence apache-2.0, commit 0123456789ab", lines[1], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.StartsWith("Download acme/tiny: 100 %", StringComparison.Ordinal));
        Assert.StartsWith("Ready. Use it: beep plan --model ", lines[^1], StringComparison.Ordinal);
        Assert.Equal("hub_model_not_found", Code(await JsonAsync(database, 20, ["models", "download", "acme/none"], ("HF_ENDPOINT", hub.Address.ToString()))));
    }

    private static string? Code(JsonNode json) => (string?)json["faults"]![0]!["code"];

    private static IEnumerable<string?> Names(JsonNode json) => json["models"]!.AsArray().Select(model => (string?)model!["name"]);

    private static async Task<JsonNode> JsonAsync(TestDatabase database, int exitCode, string[] arguments, params (string Name, string Value)[] environment)
    {
        var terminal = new TestTerminal();
        var actual = await RunAsync(database, terminal, [.. arguments, "--json"], environment);
        Assert.True(exitCode == actual, $"{string.Join(' ', arguments)} ended with {actual}: {terminal.Output}{terminal.Error}");
        return JsonNode.Parse(terminal.Output)!;
    }

    private static Task<int> RunAsync(TestDatabase database, TestTerminal terminal, string[] arguments, params (string Name, string Value)[] environment) => BeepCommand.RunAsync(
        arguments,
        terminal.Services() with { Variable = name => Array.Find(environment, pair => pair.Name == name).Value ?? database.Variable(name) },
        TestContext.Current.CancellationToken);
}
