using System.Net;
using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Settings;
using Beep.Host.Shell.Layout;
using Beep.Host.Tasks;
using Beep.Host.Tests.Support;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Serving;

/// <summary>A host without the fine-tuning area shows nothing of it. That it then has no table either is held by the tests of <c>beep db</c>.</summary>
public sealed class FineTuneOffTests(PostgresServer postgres)
{
    private static readonly string[] Words = ["finetune", "fine_tun", "fine-tun", "dataset", "/v1/files", "upload"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Off_Host_HasNoRouteNoNavigationNoTaskAndNoTraceInTheApi()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with { EnableFinetune = false });
        using var client = await server.CreateAdminClientAsync();
        foreach (var path in Routes(server).Where(path => !path.StartsWith("/v1", StringComparison.Ordinal) || path.StartsWith("/v1/", StringComparison.Ordinal)))
        {
            Assert.DoesNotContain(path.Split('/'), part => part is "finetune" or "fine_tuning" or "files");
        }

        foreach (var path in new[] { "/api/v1/finetune/jobs", "/api/v1/finetune/datasets", "/api/v1/finetune/usage", "/api/v1/finetune/presets", "/v1/files", "/v1/models", "/v1/fine_tuning/jobs", "/jobs", "/jobs/new", "/datasets" })
        {
            using var answer = await client.GetAsync(path, Token);
            Assert.True(answer.StatusCode == HttpStatusCode.NotFound, $"{path} answers with {(int)answer.StatusCode}.");
        }

        var document = await client.GetStringAsync("/openapi/v1.json", Token);
        Assert.All(Words, word => Assert.DoesNotContain($"/{word}", document, StringComparison.OrdinalIgnoreCase));
        var options = server.Services.GetRequiredService<HostOptions>();
        var admin = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimNames.UserId, "1"), .. Permissions.All.Keys.Select(permission => new Claim(ClaimNames.Permission, permission))]));
        Assert.DoesNotContain(NavItem.VisibleTo(admin, options), item => item.Href.Contains("job", StringComparison.Ordinal) || item.Href.Contains("dataset", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Services.GetRequiredService<TaskHandlers>().Kinds, kind => kind is "finetune.validate" or "finetune.merge" or "finetune.cleanup" or "finetune.split" or "datasets.cleanup");
    }

    [Fact]
    public async Task On_Host_HasThemAll()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with { EnableFinetune = true });
        using var client = await server.CreateAdminClientAsync();
        foreach (var path in new[] { "/api/v1/finetune/jobs", "/api/v1/finetune/datasets", "/api/v1/finetune/usage", "/api/v1/finetune/presets" })
        {
            using var answer = await client.GetAsync(path, Token);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path} answers with {(int)answer.StatusCode}.");
        }
    }

    private static IEnumerable<string> Routes(RunningServer server) => server.Endpoints.OfType<RouteEndpoint>()
        .Where(endpoint => endpoint.Metadata.GetMetadata<RequireAreaAttribute>() is null)
        .Select(endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/'));
}
