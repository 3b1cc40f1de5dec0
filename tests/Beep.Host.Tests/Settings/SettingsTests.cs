using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Settings;

public sealed class SettingsTests(PostgresServer postgres)
{
    private const string Path = "/api/v1/settings";

    [Fact]
    public async Task Change_OfTheFile_IsWrittenAuditedAndWaitsForARestart()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        using var client = await server.CreateAdminClientAsync();
        using var answer = await client.PatchAsJsonAsync(Path, new Dictionary<string, string?> { ["ENABLE_FINETUNE"] = "true", ["HF_TOKEN"] = "hf_abcdefghijklmnopqrstuvwxyz" }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain("hf_abc", text, StringComparison.Ordinal);
        var settings = JsonNode.Parse(text)!.AsArray();
        Assert.Equal(("true", "file", true, true), Facts(settings, "ENABLE_FINETUNE"));
        Assert.Equal((null, "file", true, true), Facts(settings, "HF_TOKEN"));
        Assert.Equal(("127.0.0.1", "default", false, true), Facts(settings, "HOST"));

        var paths = server.Services.GetRequiredService<HostPaths>();
        Assert.True((bool)JsonNode.Parse(await File.ReadAllTextAsync(paths.Configuration, TestContext.Current.CancellationToken))!["ENABLE_FINETUNE"]!);
        Assert.False(PrivateFiles.IsOpenToOthers(paths.Configuration));
        await using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
        var rows = await context.Set<AuditRow>().Where(row => row.Action == "setting_changed").OrderBy(row => row.ResourceId).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal([("ENABLE_FINETUNE", """{"from":"false","name":"ENABLE_FINETUNE","to":"true"}"""), ("HF_TOKEN", """{"name":"HF_TOKEN"}""")], rows.Select(row => (row.ResourceId!, row.Details!)));
    }

    [Theory]
    [InlineData("PORT", "none", 422, "bad_port")]
    [InlineData("NO_SUCH", "1", 422, "unknown_setting")]
    [InlineData("SECRET_KEY", "0123456789abcdefghijklmnopqrstuvwxyz", 409, "setting_fixed")]
    [InlineData("DATABASE_URL", "sqlite:///other.db", 409, "setting_fixed")]
    [InlineData("BEEP_PYTHON_HOME", "elsewhere", 409, "setting_fixed")]
    [InlineData("PUBLIC_URL", "https://beep.example", 409, "setting_fixed")]
    [InlineData("ENABLE_INTERNAL_USER_MGMT", "false", 409, "sign_in_untested")]
    public async Task Change_ThatCannotBe_IsRefusedAndChangesNothing(string name, string value, int status, string code)
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, variable: variable => variable == "PUBLIC_URL" ? "https://fixed.example" : null);
        using var client = await server.CreateAdminClientAsync();
        var paths = server.Services.GetRequiredService<HostPaths>();
        using var answer = await client.PatchAsJsonAsync(Path, new Dictionary<string, string?> { [name] = value, ["HF_ENDPOINT"] = "https://hub.example" }, TestContext.Current.CancellationToken);
        Assert.Equal((status, code), ((int)answer.StatusCode, (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["code"]));
        Assert.False(File.Exists(paths.Configuration));
    }

    [Fact]
    public async Task Restart_Asked_IsWishedForOnceItIsAudited()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        using var client = await server.CreateAdminClientAsync();
        using var answer = await client.PostAsync(new Uri(Path + "/restart", UriKind.Relative), null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.True(server.Services.GetRequiredService<ServerRestart>().Wanted.IsCompleted);
    }

    [Fact]
    public async Task Everything_WithoutThePermission_IsForbidden()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        using var client = await server.CreateAdminClientAsync("audit.read");
        foreach (var request in new[] { new HttpRequestMessage(HttpMethod.Get, Path), new HttpRequestMessage(HttpMethod.Patch, Path) { Content = JsonContent.Create(new { PORT = "6000" }) }, new HttpRequestMessage(HttpMethod.Post, Path + "/restart") })
        {
            using (request)
            {
                using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
                Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            }
        }
    }

    private static (string? Value, string? Source, bool IsSet, bool IsEditable) Facts(JsonArray settings, string name)
    {
        var setting = settings.Single(setting => (string?)setting!["name"] == name)!;
        return ((string?)setting["value"], (string?)setting["source"], (bool)setting["is_set"]!, (bool)setting["is_editable"]!);
    }
}
