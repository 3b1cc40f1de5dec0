using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Environments;
using Beep.Host.Tests.Environments;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Cli;

public sealed class EnvironmentsCommandTests(PostgresServer server)
{
    [Fact]
    public async Task Run_EverySubcommand_DoesWhatItShows()
    {
        var python = await TestPython.RequireAsync();
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        using var folder = new TemporaryFolder();
        var (worker, wheels) = (Path.Combine(folder.Path, "worker"), Path.Combine(folder.Path, "wheels"));
        EnvironmentServer.WriteWorker(worker);
        TestWheels.Write(wheels, "toy-model", "1.0", ["toy-tools"]);
        TestWheels.Write(wheels, "toy-tools", "2.1");
        Assert.Equal("setup_required", Code(await JsonAsync(20, "env", "list")));
        await JsonAsync(0, "admin", "create");
        Assert.Empty((await JsonAsync(0, "env", "list"))["environments"]!.AsArray());
        Assert.Contains((await JsonAsync(0, "env", "runtimes"))["runtimes"]!.AsArray(), runtime => Path.GetDirectoryName((string?)runtime!["path"]) == Path.GetDirectoryName(python));

        Assert.Equal("bad_environment_name", Code(await JsonAsync(20, "env", "create", "../x", "--wheelhouse", wheels)));
        var made = await JsonAsync(0, "env", "create", "lab", "--python", python, "--wheelhouse", wheels);
        Assert.Equal(("ready", Path.Combine(database.Paths.Environments, "lab", EnvironmentFolder.PythonIn)), ((string?)made["environment"]!["state"], (string?)made["environment"]!["python_path"]));
        Assert.Contains("Successfully installed toy-model-1.0 toy-tools-2.1", await File.ReadAllTextAsync((string)made["log"]!, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("environment_exists", Code(await JsonAsync(20, "env", "create", "lab", "--wheelhouse", wheels)));
        var locked = Path.Combine(database.Paths.Environments, "lab", "lock.txt");
        Assert.Equal("ready", (string?)(await JsonAsync(0, "env", "create", "lab-2", "--python", python, "--wheelhouse", wheels, "--lock", locked))["environment"]!["state"]);
        Assert.Equal(["toy-model", "toy-tools"], (await JsonAsync(0, "env", "packages", "lab", "--search", "toy"))["packages"]!.AsArray().Select(package => (string?)package!["name"]));

        var (wheel, aside) = (Path.Combine(wheels, "toy_tools-2.1-py3-none-any.whl"), Path.Combine(folder.Path, "aside.whl"));
        File.Move(wheel, aside);
        var site = Directory.GetDirectories(Path.Combine(database.Paths.Environments, "lab", "venv", "lib"), "site-packages", SearchOption.AllDirectories).Single();
        Directory.Delete(Path.Combine(site, "toy_tools"), recursive: true);
        Assert.Equal("package_missing", Code(await JsonAsync(50, "env", "repair", "lab")));
        Assert.Equal("broken", (string?)(await JsonAsync(0, "env", "list"))["environments"]!.AsArray().Single(each => (string?)each!["name"] == "lab")!["state"]);
        TestWheels.Write(wheels, "toy-tools", "2.1", more: new() { ["toy_tools/other.py"] = "" });
        Assert.Equal("hash_mismatch", Code(await JsonAsync(50, "env", "repair", "lab")));
        File.Move(aside, wheel, overwrite: true);
        Assert.Equal("ready", (string?)(await JsonAsync(0, "env", "repair", "lab"))["environment"]!["state"]);

        Assert.Equal("ready", (string?)(await JsonAsync(0, "env", "register", "mine", "--python", python))["environment"]!["state"]);
        Assert.Equal("ready", (string?)(await JsonAsync(0, "env", "verify", "mine"))["environment"]!["state"]);
        Assert.Equal("not_ours", Code(await JsonAsync(20, "env", "repair", "mine")));
        Assert.Equal("not_confirmed", Code(await JsonAsync(20, "env", "remove", "lab")));
        foreach (var name in (string[])["lab", "lab-2", "mine"])
        {
            await JsonAsync(0, "env", "remove", name, "--yes");
        }

        Assert.Equal("environment_removed", Code(await JsonAsync(20, "env", "verify", "lab")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(database.Paths.Environments));
        Assert.Empty(Directory.EnumerateFileSystemEntries(database.Paths.TaskFolders));
        Assert.Empty((await JsonAsync(0, "audit", "verify"))["faults"]!.AsArray());

        async Task<JsonNode> JsonAsync(int exitCode, params string[] arguments)
        {
            var terminal = new TestTerminal();
            var services = new HostServices
            {
                Terminal = terminal.Terminal,
                Variable = name => name == "PATH" ? Path.GetDirectoryName(python) : database.Variable(name),
                PythonWorker = () => new PythonWorker(worker),
            };
            var code = await BeepCommand.RunAsync([.. arguments, "--json"], services, TestContext.Current.CancellationToken);
            Assert.True(code == exitCode, $"{code}: {terminal.Output}{terminal.Error}");
            return JsonNode.Parse(terminal.Output)!;
        }
    }

    private static string? Code(JsonNode json) => (string?)json["faults"]!.AsArray().FirstOrDefault()?["code"];
}
