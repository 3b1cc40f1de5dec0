using System.Net;
using System.Text;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Users;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Identity;

public sealed class UserTests(PostgresServer server)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Users_MadeChangedListedDeleted_AreAsSaidAndAudited(string kind)
    {
        await using var app = await IdentityApp.StartAsync(server, kind);
        using var root = await app.SignInAsync(elevate: true);
        var (status, made) = await root.CallAsync(HttpMethod.Post, "/api/v1/users", new { username = "Ada", email = "ada@example.org", display_name = "Ada L." });
        Assert.Equal(HttpStatusCode.Created, status);
        var (id, password) = ((long)made!["user"]!["id"]!, (string)made["temporary_password"]!);
        Assert.Equal(("Ada", "Guest", true, true), ((string?)made["user"]!["username"], (string?)made["user"]!["role"], (bool)made["user"]!["must_change_password"]!, (bool)made["user"]!["is_active"]!));
        Assert.Equal("409 username_taken", await root.RefusalAsync(HttpMethod.Post, "/api/v1/users", new { username = "aDA" }));
        Assert.Equal("422 bad_username", await root.RefusalAsync(HttpMethod.Post, "/api/v1/users", new { username = "a\u0501a" }));
        Assert.Equal("422 bad_username", await root.RefusalAsync(HttpMethod.Post, "/api/v1/users", new { username = new string('a', 81) }));
        using (var ada = app.Open())
        {
            await ada.SignInAsync("ADA", password);
        }

        var userRole = await app.RoleIdAsync(SystemRoles.User);
        var (_, changed) = await root.CallAsync(HttpMethod.Patch, $"/api/v1/users/{id}", new { role_id = userRole, email = "" });
        Assert.Equal(("User", null, "Ada L."), ((string?)changed!["role"], (string?)changed["email"], (string?)changed["display_name"]));
        await app.CreateUserAsync("eve");
        var (_, first) = await root.CallAsync(HttpMethod.Get, "/api/v1/users?limit=2");
        var (_, second) = await root.CallAsync(HttpMethod.Get, $"/api/v1/users?limit=2&cursor={first!["next"]}");
        Assert.Equal(["root", "Ada", "eve"], first["items"]!.AsArray().Concat(second!["items"]!.AsArray()).Select(user => (string?)user!["username"]));
        var (_, found) = await root.CallAsync(HttpMethod.Get, "/api/v1/users?search=ada%20l");
        Assert.Equal("Ada", (string?)Assert.Single(found!["items"]!.AsArray())!["username"]);
        var (_, reset) = await root.CallAsync(HttpMethod.Post, $"/api/v1/users/{id}/reset-password", new { });
        Assert.NotEqual(password, (string?)reset!["temporary_password"]);
        Assert.Equal("204", await root.RefusalAsync(HttpMethod.Delete, $"/api/v1/users/{id}"));
        Assert.Equal("404 no_user", await root.RefusalAsync(HttpMethod.Get, $"/api/v1/users/{id}"));
        foreach (var action in new[] { "user_updated", "password_reset", "user_deleted" })
        {
            Assert.Single(await app.AuditAsync(action));
        }

        await using var context = app.CreateContext();
        Assert.False(await context.Set<Beep.Host.Audit.AuditRow>().AnyAsync(row => row.Details!.Contains(password), Token));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Demotion_FiftyAtOnce_LeavesOneAdmin(string kind)
    {
        await using var app = await IdentityApp.StartAsync(server, kind);
        var ids = new List<long> { 1 };
        for (var i = 1; i < 10; i++)
        {
            ids.Add(await app.CreateAdminAsync($"admin{i}"));
        }

        var guest = await app.RoleIdAsync(SystemRoles.Guest);
        var users = app.Get<UserService>();
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(async () =>
        {
            try
            {
                await (i % 3 == 0 ? users.DeactivateAsync(Grantor.System, ids[i % 10], Token) : users.SetRoleAsync(Grantor.System, ids[i % 10], guest, Token));
                return null;
            }
            catch (HttpFaultException fault)
            {
                return fault.Faults[0].Code;
            }
        }, Token)));
        Assert.All(results, code => Assert.True(code is null or "last_admin", code));
        Assert.Contains("last_admin", results);
        await using var context = app.CreateContext();
        var admin = await app.RoleIdAsync(SystemRoles.Admin);
        var last = await context.Set<User>().SingleAsync(user => user.IsActive && user.RoleId == admin, Token);
        Assert.Equal("last_admin", (await Assert.ThrowsAsync<HttpFaultException>(() => users.DeleteAsync(Grantor.System, last.Id, Token))).Faults[0].Code);
    }

    [Fact]
    public async Task Grants_BeyondWhatOneHolds_AreRefused()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var root = await app.SignInAsync(elevate: true);
        var (_, managerRole) = await root.CallAsync(HttpMethod.Post, "/api/v1/roles", new { name = "Manager", permissions = new[] { Permissions.UsersManage, Permissions.GroupsManage, Permissions.ModelsView } });
        var (_, group) = await root.CallAsync(HttpMethod.Post, "/api/v1/groups", new { name = "Deleters" });
        var (admin, power) = (await app.RoleIdAsync(SystemRoles.Admin), await app.RoleIdAsync(SystemRoles.PowerUser));
        Assert.Equal("204", await root.RefusalAsync(HttpMethod.Put, $"/api/v1/groups/{group!["id"]}/roles/{admin}"));
        var eveId = await app.CreateUserAsync("eve", "Manager");
        var adaId = await app.CreateUserAsync("ada", SystemRoles.PowerUser);
        using var eve = await app.SignInAsync("eve", elevate: true);
        var refused = "403 more_than_held";
        Assert.Equal(refused, await eve.RefusalAsync(HttpMethod.Post, "/api/v1/users", new { username = "bob", role_id = admin }));
        Assert.Equal(refused, await eve.RefusalAsync(HttpMethod.Patch, $"/api/v1/users/{eveId}", new { role_id = admin }));
        Assert.Equal(refused, await eve.RefusalAsync(HttpMethod.Post, "/api/v1/users/1/reset-password", new { }));
        Assert.Equal(refused, await eve.RefusalAsync(HttpMethod.Patch, $"/api/v1/users/{adaId}", new { is_active = false }));
        Assert.Equal(refused, await eve.RefusalAsync(HttpMethod.Delete, "/api/v1/users/1"));
        Assert.Equal(refused, await eve.RefusalAsync(HttpMethod.Post, "/api/v1/roles", new { name = "Mighty", permissions = new[] { Permissions.SystemAdmin } }));
        Assert.Equal(refused, await eve.RefusalAsync(HttpMethod.Patch, $"/api/v1/roles/{managerRole!["id"]}", new { permissions = new[] { Permissions.SystemAdmin } }));
        Assert.Equal(refused, await eve.RefusalAsync(HttpMethod.Put, $"/api/v1/groups/{group["id"]}/members/{eveId}"));
        var (_, own) = await eve.CallAsync(HttpMethod.Post, "/api/v1/groups", new { name = "Own" });
        Assert.Equal(refused, await eve.RefusalAsync(HttpMethod.Put, $"/api/v1/groups/{own!["id"]}/roles/{power}"));
        Assert.Equal("201", await eve.RefusalAsync(HttpMethod.Post, "/api/v1/users", new { username = "bob" }));
    }

    [Fact]
    public async Task Groups_RolesOfActiveOnes_CountAtTheNextRequest()
    {
        await using var app = await IdentityApp.StartAsync(server);
        var adaId = await app.CreateUserAsync("ada", SystemRoles.Guest);
        using var root = await app.SignInAsync(elevate: true);
        using var ada = await app.SignInAsync("ada");
        Assert.Equal("403 not_allowed", await ada.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-delete"));
        var (_, role) = await root.CallAsync(HttpMethod.Post, "/api/v1/roles", new { name = "Deleters", permissions = new[] { Permissions.ModelsDelete } });
        var (_, group) = await root.CallAsync(HttpMethod.Post, "/api/v1/groups", new { name = "Cleaners" });
        Assert.Equal("204", await root.RefusalAsync(HttpMethod.Put, $"/api/v1/groups/{group!["id"]}/roles/{role!["id"]}"));
        Assert.Equal("204", await root.RefusalAsync(HttpMethod.Put, $"/api/v1/groups/{group["id"]}/members/{adaId}"));
        Assert.Equal("200", await ada.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-delete"));
        Assert.Equal("409 role_in_use", await root.RefusalAsync(HttpMethod.Delete, $"/api/v1/roles/{role["id"]}"));
        var (_, members) = await root.CallAsync(HttpMethod.Get, $"/api/v1/groups/{group["id"]}/members");
        Assert.Equal("ada", (string?)Assert.Single(members!["items"]!.AsArray())!["username"]);
        Assert.Equal("200", await root.RefusalAsync(HttpMethod.Patch, $"/api/v1/groups/{group["id"]}", new { is_active = false }));
        Assert.Equal("403 not_allowed", await ada.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-delete"));
    }

    [Fact]
    public async Task Roles_OfTheProduct_StayAsTheyAreAndAreSeededOnce()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var root = await app.SignInAsync(elevate: true);
        foreach (var (name, _, permissions) in SystemRoles.All)
        {
            var id = await app.RoleIdAsync(name);
            Assert.Equal("409 system_role", await root.RefusalAsync(HttpMethod.Patch, $"/api/v1/roles/{id}", new { description = "mine" }));
            Assert.Equal("409 system_role", await root.RefusalAsync(HttpMethod.Delete, $"/api/v1/roles/{id}"));
            var (_, role) = await root.CallAsync(HttpMethod.Get, $"/api/v1/roles/{id}");
            Assert.Equal(permissions.Order(StringComparer.Ordinal), role!["permissions"]!.AsArray().Select(word => (string)word!).Order(StringComparer.Ordinal));
        }

        Assert.Equal("409 role_name_taken", await root.RefusalAsync(HttpMethod.Post, "/api/v1/roles", new { name = "admin", permissions = new[] { "llm:view" } }));
        Assert.Equal("422 unknown_permission", await root.RefusalAsync(HttpMethod.Post, "/api/v1/roles", new { name = "New", permissions = new[] { "rag:read" } }));
        var counts = (await app.AuditAsync("system_roles_seeded")).Count;
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => app.Get<IdentitySeeder>().SeedAsync(Token)));
        Assert.Equal((1, 1), (counts, (await app.AuditAsync("system_roles_seeded")).Count));
        await using var context = app.CreateContext();
        Assert.Equal(Group.Default, (await context.Set<Group>().SingleAsync(Token)).Name);
        Assert.Equal(
            ["finetune.datasets.write", "finetune.manage", "finetune.read", "llm:load", "llm:manage_env", "llm:view"],
            SystemRoles.All.Single(role => role.Name == SystemRoles.PowerUser).Permissions.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("POST", "/api/v1/users", """{"username":"bob","is_admin":true}""")]
    [InlineData("POST", "/api/v1/users", """{"username":"bob","id":7}""")]
    [InlineData("PATCH", "/api/v1/users/1", """{"security_stamp":"x"}""")]
    [InlineData("PATCH", "/api/v1/profile", """{"role_id":1}""")]
    [InlineData("POST", "/api/v1/tokens", """{"name":"a","scopes":["llm:view"],"user_id":2}""")]
    [InlineData("POST", "/api/v1/roles", """{"name":"a","permissions":[],"is_system":true}""")]
    [InlineData("POST", "/api/v1/users", """{"username":7}""")]
    [InlineData("POST", "/api/v1/users", """{}""")]
    public async Task Bodies_UnknownOrWrongFields_AreRefused(string method, string path, string body)
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var root = await app.SignInAsync(elevate: true);
        Assert.Equal("400", await root.RefusalAsync(HttpMethod.Parse(method), path, new StringContent(body, Encoding.UTF8, "application/json")));
    }

    [Fact]
    public async Task Profile_Own_IsChangedAndShown()
    {
        await using var app = await IdentityApp.StartAsync(server);
        await app.CreateUserAsync("ada");
        using var ada = await app.SignInAsync("ada");
        var (_, profile) = await ada.CallAsync(HttpMethod.Patch, "/api/v1/profile", new { display_name = "Ada" });
        Assert.Equal(("Ada", "User"), ((string?)profile!["user"]!["display_name"], (string?)profile["roles"]![0]));
        Assert.Equal(["finetune.datasets.write", "finetune.manage", "finetune.read", "llm:load", "llm:view"], profile["permissions"]!.AsArray().Select(word => (string?)word));
        Assert.Equal("422 bad_email", await ada.RefusalAsync(HttpMethod.Patch, "/api/v1/profile", new { email = "no address" }));
        Assert.Equal("403 not_allowed", await ada.RefusalAsync(HttpMethod.Get, "/api/v1/users"));
    }
}
