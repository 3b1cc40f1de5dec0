using System.Net;
using Beep.Host.Hosting.Access;
using Beep.Host.Identity;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Tokens;
using Beep.Host.Identity.Users;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Identity;

public sealed class TokenTests(PostgresServer server)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Text_Created_HasItsShapeAndIsKnownAgain()
    {
        var (id, text) = TokenText.Create();
        Assert.Matches("^ftk_[a-z0-9]{8}_[A-Za-z0-9_-]{43}_[0-9a-f]{8}$", text);
        Assert.Equal(id, TokenText.FindId(text));
        Assert.Null(TokenText.FindId(text[..^1] + (text[^1] == '0' ? '1' : '0')));
        Assert.Null(TokenText.FindId(text[1..]));
        Assert.Null(TokenText.FindId(""));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Token_Made_CallsWithItsScopesAndNoMore(string kind)
    {
        await using var app = await IdentityApp.StartAsync(server, kind);
        using var root = await app.SignInAsync(elevate: true);
        var (id, text) = await CreateAsync(root, Permissions.ModelsView);
        using var program = app.Open();
        Assert.Equal("200", await program.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-view", null, Bearer(text)));
        Assert.Equal("403 not_allowed", await program.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-delete", null, Bearer(text)));
        await using (var context = app.CreateContext())
        {
            var stored = await context.Set<ApiToken>().SingleAsync(Token);
            Assert.Equal((id, app.Time.GetUtcNow(), app.Time.GetUtcNow().AddDays(90)), (stored.PublicId, stored.LastUsedAt, stored.ExpiresAt));
            Assert.Equal(TokenText.Hash(text), stored.TokenHash);
        }

        app.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal("204", await root.RefusalAsync(HttpMethod.Delete, $"/api/v1/tokens/{id}"));
        Assert.Equal("401 not_signed_in", await program.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-view", null, Bearer(text)));
    }

    [Fact]
    public async Task Token_OwnerLosesAPermission_LosesItToo()
    {
        await using var app = await IdentityApp.StartAsync(server);
        var adaId = await app.CreateUserAsync("ada", SystemRoles.Admin);
        using var ada = await app.SignInAsync("ada", elevate: true);
        var (_, text) = await CreateAsync(ada, Permissions.ModelsDelete, Permissions.ModelsView);
        using var program = app.Open();
        Assert.Equal("200", await program.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-delete", null, Bearer(text)));
        await app.Get<UserService>().SetRoleAsync(Grantor.System, adaId, await app.RoleIdAsync(SystemRoles.Guest), Token);
        Assert.Equal("403 not_allowed", await program.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-delete", null, Bearer(text)));
        Assert.Equal("200", await program.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-view", null, Bearer(text)));
        await app.Get<UserService>().DeactivateAsync(Grantor.System, adaId, Token);
        Assert.Equal("401 not_signed_in", await program.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-view", null, Bearer(text)));
    }

    [Fact]
    public async Task Token_OfAnAdmin_MakesNoTokensIsNotElevatedAndTakesNobodyOver()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var root = await app.SignInAsync(elevate: true);
        var (_, all) = await CreateAsync(root, [.. Permissions.All.Keys]);
        var (_, manager) = await CreateAsync(root, Permissions.UsersManage, Permissions.ModelsView);
        using var program = app.Open();
        Assert.Equal("403 elevation_required", await program.RefusalAsync(HttpMethod.Post, "/api/v1/tokens", new { name = "more", scopes = new[] { "llm:view" } }, Bearer(all)));
        Assert.Equal("201", await program.RefusalAsync(HttpMethod.Post, "/api/v1/users", new { username = "bob" }, Bearer(manager)));
        Assert.Equal("403 more_than_held", await program.RefusalAsync(HttpMethod.Post, "/api/v1/users/1/reset-password", new { }, Bearer(manager)));
        Assert.Equal("403 more_than_held", await program.RefusalAsync(HttpMethod.Post, "/api/v1/users", new { username = "eve", role_id = await app.RoleIdAsync(SystemRoles.Admin) }, Bearer(manager)));
    }

    [Fact]
    public async Task Authorization_AnythingButOneBearer_IsRefusedEvenWithACookie()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var root = await app.SignInAsync(elevate: true);
        var (_, text) = await CreateAsync(root, Permissions.ModelsView);
        Assert.Equal("200", await root.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-view"));
        foreach (var headers in new (string, string)[][]
        {
            [Bearer("ftk_none")], [Bearer(text + "x")], [("Authorization", text)], [("Authorization", "Basic cm9vdDpyb290")], [("Authorization", "")],
        })
        {
            Assert.Equal("401 not_signed_in", await root.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-view", null, headers));
        }

        using var program = app.Open();
        Assert.Equal("401 not_signed_in", await program.RefusalAsync(HttpMethod.Get, $"/api/v1/models-to-view?access_token={text}"));
        Assert.Equal("401 not_signed_in", await program.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-view", null, ("X-API-Token", text)));
        Assert.StartsWith("HTTP/1.1 401 ", await RawAsync(app.Address, $"Authorization: Bearer {text}\r\nAuthorization: Bearer {text}"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await RawAsync(app.Address, $"Authorization: Bearer {text}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_ExpiryScopesAndNumber_AreBounded()
    {
        await using var app = await IdentityApp.StartAsync(server);
        await app.CreateUserAsync("ada");
        using var ada = await app.SignInAsync("ada", elevate: true);
        Assert.Equal("403 more_than_held", await ada.RefusalAsync(HttpMethod.Post, "/api/v1/tokens", new { name = "a", scopes = new[] { "llm:delete" } }));
        Assert.Equal("422 unknown_permission", await ada.RefusalAsync(HttpMethod.Post, "/api/v1/tokens", new { name = "a", scopes = new[] { "everything" } }));
        Assert.Equal("422 no_scopes", await ada.RefusalAsync(HttpMethod.Post, "/api/v1/tokens", new { name = "a", scopes = Array.Empty<string>() }));
        Assert.Equal("422 bad_expiry", await ada.RefusalAsync(HttpMethod.Post, "/api/v1/tokens", new { name = "a", scopes = new[] { "llm:view" }, expires_in_days = 366 }));
        var (_, day) = await ada.CallAsync(HttpMethod.Post, "/api/v1/tokens", new { name = "a", scopes = new[] { "llm:view" }, expires_in_days = 1 });
        for (var i = 1; i < TokenService.MostPerUser; i++)
        {
            await CreateAsync(ada, "llm:view");
        }

        Assert.Equal("409 too_many_tokens", await ada.RefusalAsync(HttpMethod.Post, "/api/v1/tokens", new { name = "a", scopes = new[] { "llm:view" } }));
        var (_, list) = await ada.CallAsync(HttpMethod.Get, "/api/v1/tokens");
        Assert.Equal(TokenService.MostPerUser, list!.AsArray().Count);
        Assert.DoesNotContain((string)day!["text"]!, list.ToJsonString(), StringComparison.Ordinal);
        using var root = await app.SignInAsync(elevate: true);
        Assert.Equal("404 no_token", await root.RefusalAsync(HttpMethod.Delete, $"/api/v1/tokens/{day["token"]!["id"]}"));
        app.Time.Advance(TimeSpan.FromDays(1));
        using var program = app.Open();
        Assert.Equal("401 not_signed_in", await program.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-view", null, Bearer((string)day["text"]!)));
    }

    [Fact]
    public async Task Token_SixHundredAndOneCalls_IsToldToWait()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var root = await app.SignInAsync(elevate: true);
        var (id, text) = await CreateAsync(root, Permissions.ModelsView);
        for (var i = 0; i < TokenRate.PerMinute; i++)
        {
            app.Get<TokenRate>().Take(id);
        }

        using var program = app.Open();
        using var answer = await program.SendAsync(HttpMethod.Get, "/api/v1/models-to-view", null, Bearer(text));
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(1)), (answer.StatusCode, answer.Headers.RetryAfter?.Delta));
    }

    private static (string, string) Bearer(string text) => ("Authorization", $"Bearer {text}");

    private static async Task<(string Id, string Text)> CreateAsync(Browser browser, params string[] scopes)
    {
        var (status, made) = await browser.CallAsync(HttpMethod.Post, "/api/v1/tokens", new { name = "test", scopes });
        Assert.Equal(HttpStatusCode.Created, status);
        return ((string)made!["token"]!["id"]!, (string)made["text"]!);
    }

    /// <summary>As a client sends it that joins no headers.</summary>
    private static async Task<string> RawAsync(Uri address, string headers)
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(address.Host, address.Port, Token);
        await using var stream = client.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET /api/v1/models-to-view HTTP/1.1\r\nHost: {address.Authority}\r\n{headers}\r\nConnection: close\r\n\r\n"), Token);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(Token);
    }
}
