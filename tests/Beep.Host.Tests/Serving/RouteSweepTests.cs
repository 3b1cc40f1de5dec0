using System.Net;
using System.Reflection;
using Beep.Host.Hosting.Access;
using Beep.Host.Tests.Support;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;

namespace Beep.Host.Tests.Serving;

/// <summary>Nothing is open that is not meant to be: every route and hub method says who may call it, and anonymous callers get in nowhere else.</summary>
public sealed class RouteSweepTests(PostgresServer postgres)
{
    // What anybody may ask for. Everything else must refuse.
    private static readonly HashSet<string> Open =
    [
        "GET /health/live", "GET /health/ready", "GET /api/v1/health", "GET /sign-in", "GET /sign-in/link", "GET /error", "POST /account/sign-in", "POST /account/link",
    ];

    // Assets hold nothing about anybody. The circuit's own traffic begins on a page and is held against the session by it.
    private static readonly string[] Assets = ["/_framework/", "/_content/", "/beep.", "/favicon.", "/setup.", "/reference.", "/charts.", "/upload.", "/reference/scripts/", "/{**path:file}"];

    [Fact]
    public async Task Endpoints_Each_SaysWhoMayCallIt()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with { EnableFinetune = true });
        var silent = Routes(server).Where(route => !IsOpen(route.Name) && !Says(route.Endpoint.Metadata)).Select(route => route.Name);
        Assert.Empty(silent);
    }

    [Fact]
    public async Task Endpoints_OpenOnes_AreThoseOfTheList()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with { EnableFinetune = true });
        var open = Routes(server).Where(route => route.Endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null && !Assets.Any(asset => route.Name.Contains(asset, StringComparison.Ordinal))).Select(route => route.Name);
        Assert.Equal(Open.Order(StringComparer.Ordinal), open.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Requests_Anonymous_AreRefusedEverywhereElse()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with { EnableFinetune = true });
        using var client = server.CreateClient();
        var answered = new List<string>();
        foreach (var (name, endpoint) in Routes(server).Where(route => !IsOpen(route.Name)))
        {
            var path = Filled(((RouteEndpoint)endpoint).RoutePattern.RawText!);
            using var request = new HttpRequestMessage(new HttpMethod(name.Split(' ')[0]), path);
            using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
            var isRefused = answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                || (answer.StatusCode is HttpStatusCode.Redirect or HttpStatusCode.Found && answer.Headers.Location!.OriginalString.StartsWith("/sign-in", StringComparison.Ordinal));
            if (!isRefused)
            {
                answered.Add($"{name}: {(int)answer.StatusCode}");
            }
        }

        Assert.Empty(answered);
    }

    [Fact]
    public void HubMethods_Each_SayWhoMayCallThem()
    {
        var hubs = typeof(Permissions).Assembly.GetTypes().Where(type => typeof(Hub).IsAssignableFrom(type) && !type.IsAbstract).ToList();
        Assert.NotEmpty(hubs);
        foreach (var hub in hubs)
        {
            Assert.NotNull(hub.GetCustomAttribute<AuthorizeAttribute>(inherit: true));
            var methods = hub.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Where(method => method.GetBaseDefinition() == method && !method.IsSpecialName);
            Assert.All(methods, method => Assert.NotNull(method.GetCustomAttribute<AuthorizeAttribute>(inherit: true)));
        }
    }

    private static bool IsOpen(string name) => Open.Contains(name) || Assets.Any(asset => name.Contains(asset, StringComparison.Ordinal)) || name.Contains(" /_blazor", StringComparison.Ordinal);

    private static bool Says(EndpointMetadataCollection metadata) => metadata.OfType<RequirePermissionAttribute>().Any() || metadata.OfType<RequireSignedInAttribute>().Any();

    private static IEnumerable<(string Name, Endpoint Endpoint)> Routes(RunningServer server) =>
        from endpoint in server.Endpoints.OfType<RouteEndpoint>()
        let methods = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]
        from method in methods.Where(method => method != "HEAD").Take(1)
        select ($"{method} /{endpoint.RoutePattern.RawText!.TrimStart('/')}".TrimEnd('/') is var name && name.EndsWith(' ') ? name + "/" : name, (Endpoint)endpoint);

    /// <summary>Any value for each parameter: who is refused never learns whether it exists.</summary>
    private static string Filled(string pattern) => "/" + string.Join('/', pattern.Trim('/').Split('/').Select(part => part.StartsWith('{') ? "1" : part));
}
