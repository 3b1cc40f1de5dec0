using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.External.Flow;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Identity.External.Sessions;
using Beep.Host.Identity.Users;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using HostOptions = Beep.Host.Hosting.Settings.HostOptions;

namespace Beep.Host.Tests.Identity.External;

/// <summary>
/// A whole server that lets a provider sign people in. It waits longer for the provider than it does in earnest, and renews tokens when a test
/// wants it and not by itself: a round that comes in between would have claimed what the test is to renew.
/// </summary>
internal static class ProviderServer
{
    /// <summary>How long it waits for an answer: longer than any machine takes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);

    public static Task<RunningServer> StartAsync(HostileProvider provider, PostgresServer postgres, Func<IdentityServerOptions, IdentityServerOptions>? change = null, Action<IServiceCollection>? configure = null, bool hasPasswords = true, string kind = TestDatabase.Sqlite, Func<string, string?>? variable = null) =>
        StartAsync(provider.Issuer, HostileProvider.ClientId, HostileProvider.ClientSecret, postgres, change, configure, hasPasswords, kind: kind, variable: variable);

    public static Task<RunningServer> StartAsync(string issuer, string clientId, string secret, PostgresServer postgres, Func<IdentityServerOptions, IdentityServerOptions>? change = null, Action<IServiceCollection>? configure = null, bool hasPasswords = true, int port = 0, string kind = TestDatabase.Sqlite, Func<string, string?>? variable = null)
    {
        var settings = new IdentityServerOptions
        {
            Authority = new Uri(issuer),
            ClientId = clientId,
            ClientSecret = new SecretText(secret),
            Scopes = ["openid", "profile", "email"],
            RoleMap = new Dictionary<string, string> { ["admins"] = "Admin", ["staff"] = "User" },
        };
        return RunningServer.StartAsync(kind, postgres, options => options with { EnableIdentityServer = true, EnableInternalUsers = hasPasswords, Port = port, IdentityServer = change?.Invoke(settings) ?? settings }, Calm, variable);

        void Calm(IServiceCollection services)
        {
            if (services.SingleOrDefault(service => service.ServiceType == typeof(IHostedService) && service.ImplementationType == typeof(ExternalRefresher)) is { } refresher)
            {
                services.Remove(refresher);
                services.AddSingleton<ExternalRefresher>();
            }

            services.AddSingleton(provider => new ProviderHttp(provider.GetRequiredService<HostOptions>().IdentityServer.Authority!, Patience));
            configure?.Invoke(services);
        }
    }

    /// <summary>Looks for the provider by a clock of the test's own: how often it asks there depends on nothing else.</summary>
    public static Action<IServiceCollection> LooksBy(TimeProvider time) => services =>
        services.AddSingleton(provider => new ProviderDirectory(provider.GetRequiredService<HostOptions>().IdentityServer.Authority!.OriginalString, provider.GetRequiredService<ProviderHttp>(), time));

    /// <summary>Why sign-ins were refused, oldest first.</summary>
    public static async Task<IReadOnlyList<string?>> RefusalsAsync(this RunningServer server)
    {
        await using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
        var rows = await context.Set<AuditRow>().AsNoTracking().Where(row => row.Action == "sign_in_refused").OrderBy(row => row.Seq).Select(row => row.Details).ToListAsync(TestContext.Current.CancellationToken);
        return [.. rows.Select(details => (string?)JsonNode.Parse(details!)!["reason"])];
    }

    /// <summary>Lets the tokens of all sessions be due for a renewal.</summary>
    public static async Task MakeDueAsync(this RunningServer server, bool hasExpired = false)
    {
        var past = TimeProvider.System.GetUtcNow().AddSeconds(-1);
        await using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
        await context.Set<ExternalSession>().ExecuteUpdateAsync(
            set => set.SetProperty(found => found.RefreshAt, past).SetProperty(found => found.TokenExpiresAt, found => hasExpired ? past : found.TokenExpiresAt), TestContext.Current.CancellationToken);
    }

    /// <summary>One round of renewals.</summary>
    public static Task RefreshAsync(this RunningServer server, CancellationToken? stopping = null) =>
        server.Services.GetRequiredService<ExternalRefresher>().RefreshAsync(stopping ?? TestContext.Current.CancellationToken);

    public static async Task<IReadOnlyList<User>> ExternalUsersAsync(this RunningServer server)
    {
        await using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
        return await context.Set<User>().AsNoTracking().Where(user => user.IsExternal).OrderBy(user => user.Id).ToListAsync(TestContext.Current.CancellationToken);
    }
}

/// <summary>One provider and one server for the tests of a class, which are one after the other.</summary>
public sealed class SharedProvider(PostgresServer postgres) : IAsyncLifetime
{
    private HostileProvider? _provider;
    private RunningServer? _server;

    internal RunningServer Server => _server!;

    public async ValueTask InitializeAsync()
    {
        _provider = await HostileProvider.StartAsync();
        _server = await ProviderServer.StartAsync(_provider, postgres, configure: services => services.AddSingleton(new CallbackRate(TimeProvider.System, perMinute: 10_000)));
    }

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        await _provider!.DisposeAsync();
    }

    /// <summary>The provider, answering as is right again.</summary>
    internal HostileProvider Fresh()
    {
        var provider = _provider!;
        (provider.Document, provider.Claims, provider.Header, provider.UserInfo, provider.TokenAnswer) = (_ => { }, _ => { }, _ => { }, _ => { }, _ => { });
        (provider.Answer, provider.Sign, provider.IgnoresProofKey, provider.Subject) = (answer => answer, null, false, $"subject-{Guid.NewGuid():N}");
        provider.Instead.Clear();
        return provider;
    }
}

/// <summary>A browser that goes from the server to the provider and back, one redirect at a time.</summary>
internal sealed class ProviderBrowser : IDisposable
{
    public const string SessionCookie = "beep";

    private readonly CookieContainer _cookies = new();
    private readonly HttpClient _client;

    /// <param name="server">Ours.</param>
    /// <param name="cookies">Those that it begins with, as <see cref="CookieHeader"/> gives them.</param>
    public ProviderBrowser(RunningServer server, string cookies = "")
    {
        Server = server.Address;
        foreach (var cookie in cookies.Split("; ", StringSplitOptions.RemoveEmptyEntries))
        {
            _cookies.SetCookies(Server, $"{cookie}; path=/");
        }

        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = _cookies }) { Timeout = TimeSpan.FromMinutes(2) };
    }

    public Uri Server { get; }

    public string? Cookie
    {
        get => _cookies.GetCookies(Server)[SessionCookie]?.Value is { Length: > 0 } value ? value : null;
        set => _cookies.SetCookies(Server, $"{SessionCookie}={value}; path=/");
    }

    /// <summary>What it sends to our server now.</summary>
    public string CookieHeader => _cookies.GetCookieHeader(Server);

    public IReadOnlyList<string> CookieNames => [.. _cookies.GetCookies(Server).Where(cookie => !cookie.Expired).Select(cookie => cookie.Name)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Where one is sent by an address.</summary>
    public async Task<Uri> FollowAsync(Uri address)
    {
        using var answer = await _client.GetAsync(address, Token);
        Assert.True(answer.StatusCode is HttpStatusCode.Redirect or HttpStatusCode.SeeOther, $"{address.AbsolutePath} answered with {(int)answer.StatusCode}.");
        return new Uri(address, answer.Headers.Location!);
    }

    /// <summary>Where one is sent by an address; null where it is a page.</summary>
    public async Task<Uri?> TryFollowAsync(Uri address)
    {
        using var answer = await _client.GetAsync(address, Token);
        Assert.True((int)answer.StatusCode < 400, $"{address.AbsolutePath} answered with {(int)answer.StatusCode}.");
        return answer.Headers.Location is { } location ? new Uri(address, location) : null;
    }

    /// <summary>Posts a form to an address; returns where that leads.</summary>
    public async Task<Uri> SubmitAsync(Uri address, params (string Name, string Value)[] fields)
    {
        using var answer = await _client.PostAsync(address, new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))), Token);
        Assert.True(answer.Headers.Location is not null, $"{address.AbsolutePath} answered with {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(Token)}");
        return new Uri(address, answer.Headers.Location!);
    }

    /// <summary>Sends the form of a page with its hidden fields, as its script does; returns where that leads.</summary>
    public async Task<Uri> SendFormAsync(Uri address, params (string Name, string Value)[] fields)
    {
        var page = await _client.GetStringAsync(address, Token);
        var action = new Uri(address, WebUtility.HtmlDecode(Regex.Match(page, "action=\"([^\"]+)\"").Groups[1].Value));
        var hidden = Regex.Matches(page, "name=\"(\\w+)\" value=\"([^\"]*)\"").Select(match => (match.Groups[1].Value, WebUtility.HtmlDecode(match.Groups[2].Value))).Where(field => !fields.Any(given => given.Name == field.Item1));
        return await SubmitAsync(action, [.. hidden, .. fields]);
    }

    /// <summary>As the other, and follows to the first page that is no redirect.</summary>
    public async Task<Uri> SubmitFormAsync(Uri address, params (string Name, string Value)[] fields)
    {
        var at = await SendFormAsync(address, fields);
        while (await TryFollowAsync(at) is { } next)
        {
            at = next;
        }

        return at;
    }

    public Task PasswordAsync(string name, string password) => FormAsync("sign-in", "account/sign-in", ("username", name), ("password", password));

    public Task ElevateAsync(string password) => FormAsync("account/elevate", "account/elevate", ("password", password));

    public Task LinkAsync(string token) => FormAsync("sign-in/link", "account/link", ("token", token));

    /// <summary>Posts a form of ours with its antiforgery token.</summary>
    private async Task<HttpResponseMessage> FormAsync(string page, string path, params (string Name, string Value)[] fields)
    {
        var text = await (await GetAsync(page)).Content.ReadAsStringAsync(Token);
        var answer = await PostAsync(path, [.. fields, ("__RequestVerificationToken", Regex.Match(text, "name=\"__RequestVerificationToken\" value=\"([^\"]+)\"").Groups[1].Value)]);
        Assert.True(answer.StatusCode is HttpStatusCode.Redirect or HttpStatusCode.OK, $"{path} answered with {(int)answer.StatusCode}.");
        Assert.DoesNotContain("error=", answer.Headers.Location?.OriginalString ?? "", StringComparison.Ordinal);
        return answer;
    }

    /// <summary>Signs out as the page does; returns where the browser is sent then, where that is to the provider.</summary>
    public async Task<string> SignOutAsync(bool isExternal = true)
    {
        using var answer = await FormAsync("account/sign-out", "account/sign-out");
        Assert.Equal(isExternal ? HttpStatusCode.OK : HttpStatusCode.Redirect, answer.StatusCode);
        return WebUtility.HtmlDecode(Regex.Match(await answer.Content.ReadAsStringAsync(Token), "url=([^\"]+)\"").Groups[1].Value);
    }

    /// <summary>As the other, wherever that leads; returns the page.</summary>
    public async Task<string> TrySignOutAsync()
    {
        using var answer = await FormAsync("account/sign-out", "account/sign-out");
        return await answer.Content.ReadAsStringAsync(Token);
    }

    public Task<HttpResponseMessage> GetAsync(string path) => _client.GetAsync(new Uri(Server, path), Token);

    public Task<HttpResponseMessage> PostAsync(string path, params (string Name, string Value)[] fields) =>
        _client.PostAsync(new Uri(Server, path), new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))), Token);

    public async Task<HttpStatusCode> ProfileAsync() => (await GetAsync("api/v1/profile")).StatusCode;

    public async Task<JsonNode> ReadProfileAsync() => JsonNode.Parse(await (await GetAsync("api/v1/profile")).Content.ReadAsStringAsync(Token))!["user"]!;

    /// <summary>Goes as far as the address that brings the provider's answer back.</summary>
    public async Task<Uri> ToCallbackAsync(string start = "account/external") => await FollowAsync(await FollowAsync(new Uri(Server, start)));

    /// <summary>Signs in; returns the page to which that leads.</summary>
    public async Task<string> SignInAsync(string start = "account/external") => (await FollowAsync(await ToCallbackAsync(start))).PathAndQuery;

    /// <summary>Tries to, and is refused with a page that says nothing but a number.</summary>
    public async Task RefusedAsync(Uri? callback = null)
    {
        var page = (await FollowAsync(callback ?? await ToCallbackAsync())).PathAndQuery;
        Assert.Matches("^/sign-in\\?error=provider_failed&id=[0-9a-f]{32}$", page);
        Assert.Null(Cookie);
        var text = await (await GetAsync(page)).Content.ReadAsStringAsync(Token);
        Assert.Contains("could not sign you in. Try again; if it stays, tell whoever runs this server. Its number in the server&#x27;s log is ", text, StringComparison.Ordinal);
    }

    public static Uri With(Uri address, string name, string? value)
    {
        var query = QueryHelpers.ParseQuery(address.Query).ToDictionary(pair => pair.Key, pair => (string?)pair.Value.ToString());
        query.Remove(name);
        if (value is not null)
        {
            query[name] = value;
        }

        return new Uri(QueryHelpers.AddQueryString(address.GetLeftPart(UriPartial.Path), query));
    }

    public void Dispose() => _client.Dispose();
}
