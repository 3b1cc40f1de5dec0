using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Cli;

public sealed class DoctorCommandTests
{
    [Fact]
    public async Task Run_WrongSettings_ListsEachWithItsRemedy()
    {
        using var home = new TemporaryFolder();
        var environment = new Dictionary<string, string> { ["BEEP_PYTHON_HOME"] = home.Path, ["PORT"] = "none", ["SECRET_KEY"] = "changeme" };
        var checks = await CheckAsync(environment, 50);
        Assert.Equal(
            [("fail", "PORT is 'none'", "Set it to a number from 1 to 65535."), ("fail", "SECRET_KEY is a placeholder or can be guessed", "Make one: openssl rand -base64 48")],
            checks.Where(check => (string?)check!["name"] == "Settings").Select(check => ((string?)check!["level"], (string?)check["text"], (string?)check["remedy"])));
    }

    [Fact]
    public async Task Run_NoDatabase_SaysSoAndMakesNone()
    {
        using var home = new TemporaryFolder();
        var checks = await CheckAsync(new() { ["BEEP_PYTHON_HOME"] = home.Path, ["SECRET_KEY"] = "changeme" }, 50);
        var check = checks.Single(check => (string?)check!["name"] == "Database")!;
        Assert.Equal(("ok", $"the SQLite file '{home.At("beep.db")}' is not made yet; only a server needs it"), ((string?)check["level"], (string?)check["text"]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(home.Path));
    }

    private static async Task<JsonArray> CheckAsync(Dictionary<string, string> environment, int exitCode)
    {
        var terminal = new TestTerminal();
        Assert.Equal(exitCode, await BeepCommand.RunAsync(["doctor", "--json"], terminal.Services() with { Variable = environment.GetValueOrDefault }, TestContext.Current.CancellationToken));
        return JsonNode.Parse(terminal.Output)!["checks"]!.AsArray();
    }
}
