using System.Net;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Privileges;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Users;
using Beep.Host.Settings;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Identity.External;

/// <summary>From users of this server to the provider's alone and back: nothing is lost and nobody locked out.</summary>
public sealed class ModeSwitchTests(PostgresServer postgres)
{
    private static readonly Dictionary<string, string?> Off = new() { ["ENABLE_INTERNAL_USER_MGMT"] = "false" };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(TestDatabase.Kinds), MemberType = typeof(TestDatabase))]
    public async Task Switching_ThereAndBack_LosesNothingAndLocksNobodyOut(string kind)
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Claims = claims => claims["roles"] = new JsonArray("admins");
        await using var first = await StartAsync(provider, kind);
        await using var both = await first.StartTwinAsync();
        var (local, name) = await both.CreateAdminAsync();
        using var ada = new ProviderBrowser(both);
        await ada.SignInAsync();
        var before = await CountAsync(both);
        Assert.Null(await ChangeAsync(both, Off));

        await using (var alone = await both.StartTwinAsync(options => options with { EnableInternalUsers = false }))
        {
            // The session of the provider goes on, the local one has no way in.
            using var kept = new ProviderBrowser(alone) { Cookie = ada.Cookie };
            Assert.Equal(("ada", "Admin"), ((string?)(await kept.ReadProfileAsync())["username"], (string?)(await kept.ReadProfileAsync())["role"]));
            using var locked = new ProviderBrowser(alone);
            using var refused = await locked.PostAsync("account/sign-in", ("username", name), ("password", RunningServer.Password));
            Assert.Equal(HttpStatusCode.Unauthorized, await locked.ProfileAsync());
            using var again = new ProviderBrowser(alone);
            Assert.Equal("/", await again.SignInAsync());
            Assert.Equal(HttpStatusCode.OK, (await again.GetAsync("api/v1/audit")).StatusCode);
            Assert.Equal(before, await CountAsync(alone));
            Assert.Null(await ChangeAsync(alone, new() { ["ENABLE_INTERNAL_USER_MGMT"] = "true" }));
        }

        await using var back = await both.StartTwinAsync();
        using var returned = new ProviderBrowser(back);
        await returned.PasswordAsync(name, RunningServer.Password);
        Assert.Equal((local, "Admin"), ((long)(await returned.ReadProfileAsync())["id"]!, (string?)(await returned.ReadProfileAsync())["role"]));
        Assert.Equal(before, await CountAsync(back));
    }

    [Fact]
    public async Task SwitchingOff_WithoutAnAdminWhoIsInByTheProvider_IsRefused()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var first = await StartAsync(provider, TestDatabase.Sqlite);
        await using var server = await first.StartTwinAsync();
        var (_, name) = await server.CreateAdminAsync();
        Assert.Equal("sign_in_untested", await ChangeAsync(server, Off));
        using var guest = new ProviderBrowser(server);
        await guest.SignInAsync();
        Assert.Equal("sign_in_untested", await ChangeAsync(server, Off));

        // Linked is not signed in: what the provider says of that account may make it a guest at the next sign-in.
        provider.Subject = "subject-2";
        using var linked = new ProviderBrowser(server);
        await linked.PasswordAsync(name, RunningServer.Password);
        await linked.ElevateAsync(RunningServer.Password);
        Assert.Equal("/profile", await linked.SignInAsync("account/external/link"));
        Assert.Equal("sign_in_untested", await ChangeAsync(server, Off));

        // Nor is one who was.
        provider.Claims = claims => claims["roles"] = new JsonArray("admins");
        using var admin = new ProviderBrowser(server);
        await admin.SignInAsync();
        await admin.SignOutAsync();
        Assert.Equal("sign_in_untested", await ChangeAsync(server, Off));
        await admin.SignInAsync();
        Assert.Null(await ChangeAsync(server, Off));
    }

    [Theory]
    [InlineData("IDENTITYSERVER_CLIENT_ID", "another", "sign_in_untested", "sign_in_untested")]
    [InlineData("IDENTITYSERVER_ROLE_MAP", "others=Admin", "sign_in_untested", null)]
    [InlineData("IDENTITYSERVER_NAME", "Another", null, null)]
    public async Task Settings_OfTheProvider_AreTriedBeforeTheyAreTheOnlyWayIn(string key, string value, string? together, string? afterwards)
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Claims = claims => claims["roles"] = new JsonArray("admins");
        await using var first = await StartAsync(provider, TestDatabase.Sqlite);
        await using var both = await first.StartTwinAsync();
        using var admin = new ProviderBrowser(both);
        await admin.SignInAsync();
        Assert.Equal(together, await ChangeAsync(both, new(Off) { [key] = value }));
        Assert.Null(await ChangeAsync(both, Off));
        await using var alone = await both.StartTwinAsync(options => options with { EnableInternalUsers = false });
        Assert.Equal(afterwards, await ChangeAsync(alone, new() { [key] = value }));
    }

    /// <summary>As it is where config/host.json says who we are at the provider, and the environment where it is.</summary>
    private async Task<RunningServer> StartAsync(HostileProvider provider, string kind)
    {
        var settings = new Dictionary<string, string>
        {
            ["ENABLE_IDENTITYSERVER_AUTH"] = "true",
            ["IDENTITYSERVER_AUTHORITY"] = provider.Issuer,
            ["IDENTITYSERVER_CLIENT_SECRET"] = HostileProvider.ClientSecret,
        };
        var server = await ProviderServer.StartAsync(provider, postgres, kind: kind, variable: settings.GetValueOrDefault);
        // The next one reads it.
        new SettingsFile(server.Services.GetRequiredService<HostPaths>()).Change(new Dictionary<SettingKey, string?> { [SettingKeys.ClientId] = HostileProvider.ClientId });
        return server;
    }

    /// <summary>The code of the refusal; null where it is changed.</summary>
    private static async Task<string?> ChangeAsync(RunningServer server, Dictionary<string, string?> changes)
    {
        try
        {
            await server.Services.GetRequiredService<SettingsService>().ChangeAsync(AuditActors.CommandLine, changes, Token);
            return null;
        }
        catch (HttpFaultException error)
        {
            return error.Faults[0].Code;
        }
    }

    private static async Task<(int Users, int Roles, int Groups, int Members, int Privileges)> CountAsync(RunningServer server)
    {
        await using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
        return (
            await context.Set<User>().CountAsync(user => user.IsActive, Token), await context.Set<Role>().CountAsync(Token), await context.Set<Group>().CountAsync(Token),
            await context.Set<UserGroup>().CountAsync(Token), await context.Set<AccessPrivilege>().CountAsync(Token));
    }
}
