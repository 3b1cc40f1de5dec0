using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Identity;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Privileges;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Sessions;
using Beep.Host.Tests.Support;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Identity;

public sealed class AccessTests(PostgresServer server)
{
    // What this test's own server adds.
    private static readonly string[] OfTheTest = ["/form", "/page", "/api/v1/models-to-delete", "/api/v1/models-to-view", "/api/v1/undeclared", "/api/v1/ticks"];
    private static readonly string[] Anonymous = ["/account/sign-in", "/account/link"];

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Endpoints_Every_SayOnceWhoMayCallThem()
    {
        await using var app = await IdentityApp.StartAsync(server);
        var ours = app.Endpoints.OfType<RouteEndpoint>().Where(endpoint => !OfTheTest.Contains(endpoint.RoutePattern.RawText)).ToList();
        Assert.Equal(38, ours.Count);
        foreach (var endpoint in ours)
        {
            var kinds = endpoint.Metadata.Count(item => item is IAllowAnonymous or RequirePermissionAttribute or RequireSignedInAttribute);
            Assert.True(kinds == 1, $"{endpoint.DisplayName} says {kinds} times who may call it");
            Assert.Equal(Anonymous.Contains(endpoint.RoutePattern.RawText), endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null);
            Assert.NotNull(endpoint.Metadata.GetMetadata<IEndpointNameMetadata>());
            if (IsChange(endpoint) && endpoint.RoutePattern.RawText is { } path && path.StartsWith("/api/v1/", StringComparison.Ordinal) && !path.Contains("/profile", StringComparison.Ordinal) && !path.Contains("/sessions", StringComparison.Ordinal))
            {
                Assert.NotNull(endpoint.Metadata.GetMetadata<RequireElevationAttribute>());
            }
        }
    }

    [Fact]
    public async Task Endpoints_Every_RefuseStrangers()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var stranger = app.Open();
        foreach (var endpoint in app.Endpoints.OfType<RouteEndpoint>().Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal)))
        {
            var path = System.Text.RegularExpressions.Regex.Replace(endpoint.RoutePattern.RawText!, @"\{[^}]*\}", "1");
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
            {
                Assert.Equal("401 not_signed_in", await stranger.RefusalAsync(HttpMethod.Parse(method), path));
            }
        }

        using var answer = await stranger.GetAsync("/api/v1/profile");
        Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task Changes_WithACookieAndWithoutTheHeader_AreRefused()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var root = await app.SignInAsync();
        using var refused = await root.SendAsync(HttpMethod.Patch, "/api/v1/profile", new StringContent("""{"display_name":"x"}""", System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("csrf_header_missing", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal("200", await root.RefusalAsync(HttpMethod.Patch, "/api/v1/profile", new { display_name = "x" }));
        using var read = await root.GetAsync("/api/v1/profile");
        Assert.Equal(System.Net.HttpStatusCode.OK, read.StatusCode);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Privileges_OwnOrOfAnActiveGroup_AllowUntilTheyExpire(string kind)
    {
        await using var app = await IdentityApp.StartAsync(server, kind);
        var adaId = await app.CreateUserAsync("ada", SystemRoles.Guest);
        var eveId = await app.CreateUserAsync("eve", SystemRoles.Guest);
        var (privileges, groups) = (app.Get<PrivilegeService>(), app.Get<GroupService>());
        var (ada, eve) = (Principal(adaId), Principal(eveId));
        var group = await groups.CreateAsync(Grantor.System, new NewGroup { Name = "Readers" }, Token);
        await groups.AddMemberAsync(Grantor.System, group.Id, eveId, Token);
        var expiresAt = app.Time.GetUtcNow().AddHours(1);
        await privileges.GrantAsync(Grantor.System, new NewPrivilege { ResourceType = "dataset", ResourceId = "d-1", UserId = adaId, AccessLevel = AccessLevel.Write, ExpiresAt = expiresAt }, Token);
        await privileges.GrantAsync(Grantor.System, new NewPrivilege { ResourceType = "dataset", ResourceId = "d-1", GroupId = group.Id, AccessLevel = AccessLevel.Read }, Token);
        Assert.Equal((true, true, false), (await Allows(ada, AccessLevel.Read), await Allows(ada, AccessLevel.Write), await Allows(ada, AccessLevel.Admin)));
        Assert.Equal((true, false), (await Allows(eve, AccessLevel.Read), await Allows(eve, AccessLevel.Write)));
        Assert.False(await privileges.AllowsAsync(ada, "dataset", "d-2", AccessLevel.Read, Token));
        Assert.False(await privileges.AllowsAsync(ada, "job", "d-1", AccessLevel.Read, Token));
        Assert.Equal(["d-1"], await privileges.ListIdsAsync(eveId, "dataset", AccessLevel.Read, Token));
        app.Time.Advance(TimeSpan.FromHours(1));
        Assert.False(await Allows(ada, AccessLevel.Read));
        await groups.UpdateAsync(Grantor.System, group.Id, new GroupChange { IsActive = false }, Token);
        Assert.False(await Allows(eve, AccessLevel.Read));
        Assert.True(await Allows(Principal(1, Permissions.SystemAdmin), AccessLevel.Admin));

        Task<bool> Allows(ClaimsPrincipal principal, AccessLevel level) => privileges.AllowsAsync(principal, "dataset", "d-1", level, Token);
    }

    [Fact]
    public async Task Privileges_ThroughTheApi_AreForWhoAdministersTheThing()
    {
        await using var app = await IdentityApp.StartAsync(server);
        var adaId = await app.CreateUserAsync("ada");
        var eveId = await app.CreateUserAsync("eve");
        using var root = await app.SignInAsync(elevate: true);
        using var ada = await app.SignInAsync("ada", elevate: true);
        var forEve = new { resource_type = "dataset", resource_id = "d-1", user_id = eveId, access_level = "read" };
        Assert.Equal("404 no_resource", await ada.RefusalAsync(HttpMethod.Post, "/api/v1/privileges", forEve));
        Assert.Equal("201", await root.RefusalAsync(HttpMethod.Post, "/api/v1/privileges", new { resource_type = "dataset", resource_id = "d-1", user_id = adaId, access_level = "admin" }));
        var (_, granted) = await ada.CallAsync(HttpMethod.Post, "/api/v1/privileges", forEve);
        Assert.Equal((adaId, "read"), ((long)granted!["granted_by"]!, (string?)granted["access_level"]));
        Assert.Equal("422 bad_holder", await ada.RefusalAsync(HttpMethod.Post, "/api/v1/privileges", new { resource_type = "dataset", resource_id = "d-1", access_level = "read" }));
        var (_, list) = await ada.CallAsync(HttpMethod.Get, "/api/v1/privileges?resource_type=dataset&resource_id=d-1");
        Assert.Equal(2, list!["items"]!.AsArray().Count);
        Assert.Equal("404 no_resource", await ada.RefusalAsync(HttpMethod.Get, "/api/v1/privileges"));
        Assert.Equal("204", await ada.RefusalAsync(HttpMethod.Delete, $"/api/v1/privileges/{granted["id"]}"));
        Assert.Equal("404 no_resource", await ada.RefusalAsync(HttpMethod.Delete, "/api/v1/privileges/4711"));
    }

    [Fact]
    public async Task Circuit_SessionEnded_DoesNothingMore()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var browser = await app.SignInAsync();
        var sessions = app.Get<SessionService>();
        var session = Assert.Single(await sessions.ListAsync(1, Token));
        await using var scope = app.Services.CreateAsyncScope();
        var handler = scope.ServiceProvider.GetServices<CircuitHandler>().OfType<SessionCircuitHandler>().Single();
        await handler.AttachAsync(session.Id, Token);
        var done = 0;
        var inbound = handler.CreateInboundActivityHandler(_ => Task.FromResult(++done));
        app.Time.Advance(TimeSpan.FromMinutes(29));
        await inbound(null!);
        // What is done in a circuit keeps the session.
        Assert.Equal((1, app.Time.GetUtcNow()), (done, (await sessions.ListAsync(1, Token))[0].LastSeenAt));
        await sessions.EndAsync(session.Id, AuditActors.System, "test", Token);
        await inbound(null!);
        Assert.Equal((1, true), (done, handler.IsOver));
        Assert.Null(await sessions.FindPrincipalAsync(session.Id, Token));

        await using var later = app.Services.CreateAsyncScope();
        var late = later.ServiceProvider.GetServices<CircuitHandler>().OfType<SessionCircuitHandler>().Single();
        await late.AttachAsync(session.Id, Token);
        Assert.True(late.IsOver);
    }

    private static bool IsChange(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Any(method => method != "GET");

    private static ClaimsPrincipal Principal(long id, params string[] permissions) =>
        new(new ClaimsIdentity([new Claim(ClaimNames.UserId, $"{id}"), .. permissions.Select(permission => new Claim(ClaimNames.Permission, permission))], "test"));
}
