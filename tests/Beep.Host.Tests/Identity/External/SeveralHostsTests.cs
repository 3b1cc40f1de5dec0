using System.Net;
using Beep.Host.Data;
using Beep.Host.Identity.External.Flow;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Identity.External;

/// <summary>Cases 14 and 48 where several hosts share a database: what one has used, the others refuse.</summary>
public sealed class SeveralHostsTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(TestDatabase.Kinds), MemberType = typeof(TestDatabase))]
    public async Task Case14_CallbackAtAnotherHost_BeginsNoSecondSession(string kind)
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres, kind: kind);
        await using var twin = await server.StartTwinAsync();
        using var browser = new ProviderBrowser(server);
        var callback = await browser.ToCallbackAsync();
        var kept = browser.CookieHeader;
        Assert.Equal("/", (await browser.FollowAsync(callback)).PathAndQuery);
        using var copy = new ProviderBrowser(twin, kept);
        await copy.RefusedAsync(new Uri(twin.Address, callback.PathAndQuery));
        Assert.Equal(["state_used"], await server.RefusalsAsync());
        Assert.Equal(1, provider.Calls["/token"]);
    }

    [Theory]
    [MemberData(nameof(TestDatabase.Kinds), MemberType = typeof(TestDatabase))]
    public async Task Case48_LogoutTokenAtAnotherHost_IsRefusedAndTheNextSessionStays(string kind)
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres, kind: kind);
        await using var twin = await server.StartTwinAsync();
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        var token = ("logout_token", provider.MakeToken(provider.LogoutClaims()));
        Assert.Equal(HttpStatusCode.OK, (await browser.PostAsync("backchannel-logout", token)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await browser.ProfileAsync());
        await browser.SignInAsync();
        using var elsewhere = new ProviderBrowser(twin);
        Assert.Equal(HttpStatusCode.BadRequest, (await elsewhere.PostAsync("backchannel-logout", token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await browser.ProfileAsync());
    }

    [Theory]
    [MemberData(nameof(TestDatabase.Kinds), MemberType = typeof(TestDatabase))]
    public async Task UsedOnce_ByManyAtOnce_IsWonByOneAndForgottenInTime(string kind)
    {
        using var test = await TestDatabase.CreateMigratedAsync(kind, postgres);
        var (time, database) = (new ManualTime(), new HostDatabase(test.Address));
        var table = new UsedOnceTable(database, time, most: 3);
        var until = time.GetUtcNow() + TimeSpan.FromMinutes(15);
        var wins = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => table.UseAsync(UsedOnceTable.State, "a", until, Token)));
        Assert.Single(wins, true);
        Assert.True(await table.UseAsync(UsedOnceTable.LogoutToken, "a", until, Token));
        await table.SweepAsync(Token);
        Assert.True(await table.WasUsedAsync(UsedOnceTable.State, "a", Token));
        time.Advance(TimeSpan.FromMinutes(16));
        await table.SweepAsync(Token);
        Assert.False(await table.WasUsedAsync(UsedOnceTable.State, "a", Token));

        // Bounded, whatever comes: what would go next, goes first.
        for (var minute = 1; minute <= 5; minute++)
        {
            await table.UseAsync(UsedOnceTable.State, $"{minute}", time.GetUtcNow() + TimeSpan.FromMinutes(minute), Token);
        }

        await table.SweepAsync(Token);
        await using var context = database.CreateContext();
        Assert.Equal(3, await context.Set<UsedOnce>().CountAsync(Token));
        Assert.False(await table.WasUsedAsync(UsedOnceTable.State, "2", Token));
        Assert.True(await table.WasUsedAsync(UsedOnceTable.State, "3", Token));
    }
}
