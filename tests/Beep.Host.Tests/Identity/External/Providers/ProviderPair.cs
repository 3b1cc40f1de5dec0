using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.External.Flow;
using Beep.Host.Identity.External.Sessions;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Identity.External.Providers;

/// <summary>A provider of some kind that signs in rightly, and our server beside it.</summary>
internal sealed record ProviderPair(ProviderKind Kind, IRightProvider Provider, RunningServer Server, HeldPort? Port) : IAsyncDisposable
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<ProviderPair> StartAsync(
        ProviderKind kind, PostgresServer postgres, Func<IdentityServerOptions, IdentityServerOptions>? change = null, Action<IServiceCollection>? configure = null, bool hasPasswords = true, bool takesPostAlone = false)
    {
        // Those that must know ahead where they send browsers back to.
        var port = kind == ProviderKind.Hostile ? null : new HeldPort();
        var wish = new ProviderWish($"http://localhost:{port?.Number ?? 0}") { TakesPostAlone = takesPostAlone };
        IRightProvider provider = kind switch
        {
            ProviderKind.Certified => await CertifiedProvider.StartAsync(wish),
            ProviderKind.OpenIddict => await OpenIddictProvider.StartAsync(wish),
            _ => await HostileProvider.StartAsync(),
        };
        if (takesPostAlone && provider is HostileProvider hostile)
        {
            hostile.Document = document => document["token_endpoint_auth_methods_supported"] = new JsonArray("client_secret_post");
        }

        var server = await ProviderServer.StartAsync(
            provider.Issuer, HostileProvider.ClientId, HostileProvider.ClientSecret, postgres,
            settings => change?.Invoke(WithRefresh(settings)) ?? WithRefresh(settings), configure, hasPasswords, port?.Number ?? 0);
        // The last Admin is never demoted: there is another one.
        await server.CreateAdminAsync();
        return new ProviderPair(kind, provider, server, port);
    }

    /// <summary>Signs somebody in; returns the page to which that leads.</summary>
    public async Task<string> SignInAsync(ProviderBrowser browser, string name, string start = "account/external") =>
        (await browser.FollowAsync(await ToCallbackAsync(browser, name, start))).PathAndQuery;

    /// <summary>Types a name where it is asked for, and goes on until the provider sends the browser back.</summary>
    public async Task<Uri> ToCallbackAsync(ProviderBrowser browser, string name, string start = "account/external")
    {
        Provider.Expect(name);
        var at = await browser.FollowAsync(new Uri(browser.Server, start));
        for (var steps = 0; at.Port != browser.Server.Port; steps++)
        {
            Assert.True(steps < 12, $"The provider goes round in circles, last at {at}.");
            // Another user than the one before: a page signs that one out by a script.
            at = await browser.TryFollowAsync(at)
                ?? (at.AbsolutePath.StartsWith("/auth/", StringComparison.Ordinal) ? await browser.SendFormAsync(at, ("logout", "yes")) : await browser.SubmitAsync(at, ("name", name)));
        }

        return at;
    }

    /// <summary>Renews the tokens of every session now.</summary>
    public async Task RefreshAsync()
    {
        var past = TimeProvider.System.GetUtcNow().AddSeconds(-1);
        await using (var context = Server.Services.GetRequiredService<HostDatabase>().CreateContext())
        {
            await context.Set<ExternalSession>().ExecuteUpdateAsync(set => set.SetProperty(found => found.RefreshAt, past), Token);
        }

        await Server.RefreshAsync();
    }

    /// <summary>The provider's name for the only session that there is.</summary>
    public async Task<string?> ProviderSessionAsync()
    {
        await using var context = Server.Services.GetRequiredService<HostDatabase>().CreateContext();
        return await context.Set<ExternalSession>().Select(found => found.ProviderSession).SingleAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Provider.DisposeAsync();
        Port?.Dispose();
    }

    private static IdentityServerOptions WithRefresh(IdentityServerOptions settings) => settings with { Scopes = ["openid", "profile", "email", "offline_access"] };
}

/// <summary>One pair of each kind for the tests of a class, which are one after the other; each test signs users of its own in.</summary>
public sealed class ProviderPairs(PostgresServer postgres) : IAsyncDisposable
{
    private readonly Dictionary<ProviderKind, ProviderPair> _pairs = [];

    internal async Task<ProviderPair> GetAsync(ProviderKind kind)
    {
        if (!_pairs.TryGetValue(kind, out var pair))
        {
            _pairs[kind] = pair = await ProviderPair.StartAsync(kind, postgres, configure: services => services.AddSingleton(new CallbackRate(TimeProvider.System, perMinute: 10_000)));
        }

        return pair;
    }

    /// <summary>Somebody whom no other test signs in.</summary>
    internal async Task<(ProviderPair Pair, string Name)> WithUserAsync(ProviderKind kind, string claims = """{"roles":["admins"]}""")
    {
        var pair = await GetAsync(kind);
        var name = $"user{Guid.NewGuid():N}"[..16];
        var all = JsonNode.Parse(claims)!.AsObject();
        foreach (var (claim, value) in new[] { ("name", name.ToUpperInvariant()), ("preferred_username", name), ("email", $"{name}@example.org") })
        {
            all[claim] ??= value;
        }

        await pair.Provider.SetAsync(new JsonObject { [name] = all }.ToJsonString());
        return (pair, name);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var pair in _pairs.Values)
        {
            await pair.DisposeAsync();
        }
    }
}
