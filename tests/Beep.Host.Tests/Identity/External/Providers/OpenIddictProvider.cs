using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Tests;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Beep.Host.Tests.Identity.External.Providers;

/// <summary>
/// OpenIddict's server in this process, with one client and without a store: it demands PKCE and pushed requests, signs roles into the
/// ID token as <c>role</c>, and ends its issuer with a slash. It has no sign-out over a back channel.
/// </summary>
internal sealed class OpenIddictProvider : IRightProvider
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;
    private const string Cookie = "openiddict-session";

    private readonly ProviderWish _wish;

    // Held while nobody listens there, too.
    private readonly HeldPort _port = new();
    private readonly AccountBook _accounts = new();

    private WebApplication? _app;

    private OpenIddictProvider(ProviderWish wish) => _wish = wish;

    public string Issuer { get; private set; } = "";

    /// <summary>How often each path was asked for.</summary>
    public ConcurrentDictionary<string, int> Calls { get; } = new();

    public static async Task<OpenIddictProvider> StartAsync(ProviderWish wish)
    {
        var provider = new OpenIddictProvider(wish);
        await provider.StartAsync();
        return provider;
    }

    public Task SetAsync(string accounts)
    {
        _accounts.Set(accounts);
        return Task.CompletedTask;
    }

    public async Task RotateAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    public void Expect(string name)
    {
    }

    /// <summary>What a browser sends in which somebody has signed in there.</summary>
    public static string CookieOf(string name) => $"{Cookie}={Uri.EscapeDataString(JsonSerializer.Serialize(new Session(name, TestClient.Now, "")))}";

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _port.Dispose();
    }

    private async Task StopAsync()
    {
        if (_app is { } app)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }

    private async Task StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{_port.Number}");
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        builder.Services.AddAuthentication();
        builder.Services.AddOpenIddict().AddServer(Configure);
        var app = _app = builder.Build();
        app.Use((context, next) =>
        {
            Calls.AddOrUpdate(context.Request.Path, 1, (_, count) => count + 1);
            return next(context);
        });
        app.UseAuthentication();
        app.MapGet("/connect/authorize", Authorize);
        app.MapGet("/sign-in", () => Results.Content("<!doctype html><html lang=\"en\"><title>Provider</title><h1>The provider</h1><form method=\"post\"><label>Name <input name=\"name\" autofocus></label><button type=\"submit\">Continue</button></form></html>", "text/html"));
        app.MapPost("/sign-in", (Delegate)SignInAsync);
        app.MapPost("/connect/token", (Delegate)RedeemAsync);
        app.MapGet("/connect/userinfo", (Delegate)SayWhoAsync);
        app.MapGet("/connect/logout", (HttpContext context) =>
        {
            context.Response.Cookies.Delete(Cookie);
            return Results.SignOut(new AuthenticationProperties { RedirectUri = "/" }, [Scheme]);
        });
        await app.StartAsync();
        Issuer = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/";
    }

    private void Configure(OpenIddictServerBuilder options)
    {
        options.EnableDegradedMode()
            .SetAuthorizationEndpointUris("connect/authorize").SetPushedAuthorizationEndpointUris("connect/par").SetTokenEndpointUris("connect/token")
            .SetUserInfoEndpointUris("connect/userinfo").SetEndSessionEndpointUris("connect/logout")
            .AllowAuthorizationCodeFlow().AllowRefreshTokenFlow().RequireProofKeyForCodeExchange().RequirePushedAuthorizationRequests()
            .RegisterScopes(Scopes.Profile, Scopes.Email, Scopes.OfflineAccess)
            // Its own tokens are for itself alone; the ID token is signed with the key that it publishes.
            .AddEncryptionKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32))).AddSigningKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32))).AddSigningKey(new RsaSecurityKey(RSA.Create(2048)));
        options.UseAspNetCore().DisableTransportSecurityRequirement()
            .EnableAuthorizationEndpointPassthrough().EnableTokenEndpointPassthrough().EnableUserInfoEndpointPassthrough().EnableEndSessionEndpointPassthrough();
        if (_wish.TakesPostAlone)
        {
            options.Configure(server => server.ClientAuthenticationMethods.Remove(ClientAuthenticationMethods.ClientSecretBasic));
        }

        options.AddEventHandler<ValidatePushedAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
        {
            RequireClient(context, context.Request!.ClientId, context.Request.ClientSecret);
            RequireAddress(context, context.RedirectUri, "/signin-oidc");
            return default;
        }));
        options.AddEventHandler<ValidateAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
        {
            RequireAddress(context, context.RedirectUri, "/signin-oidc");
            return default;
        }));
        options.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseInlineHandler(context =>
        {
            RequireClient(context, context.Request!.ClientId, context.Request.ClientSecret);
            return default;
        }));
        options.AddEventHandler<ValidateEndSessionRequestContext>(handler => handler.UseInlineHandler(context =>
        {
            RequireAddress(context, context.PostLogoutRedirectUri, "/signout-callback-oidc");
            return default;
        }));
    }

    private static void RequireClient(BaseValidatingContext context, string? id, string? secret)
    {
        if (id != TestClient.Id || secret != TestClient.Secret)
        {
            context.Reject(Errors.InvalidClient, "It is not the client.");
        }
    }

    private void RequireAddress(BaseValidatingContext context, string? address, string path)
    {
        if (address != _wish.Server + path)
        {
            context.Reject(Errors.InvalidRequest, "The address is not the client's.");
        }
    }

    /// <summary>Asks for a name where nobody is signed in here, or where the request wants that.</summary>
    private IResult Authorize(HttpContext context)
    {
        var request = context.GetOpenIddictServerRequest()!;
        var session = context.Request.Cookies[Cookie] is { } text ? JsonSerializer.Deserialize<Session>(text) : null;
        var asks = request.HasPromptValue(PromptValues.Login) || request.HasPromptValue(PromptValues.SelectAccount);
        if (session is null || (asks && session.State != request.State))
        {
            return Results.Redirect(QueryHelpers.AddQueryString("/sign-in", new Dictionary<string, string?> { ["to"] = context.Request.Path + context.Request.QueryString, ["state"] = request.State }));
        }

        return Results.SignIn(Describe(session.Name, session.At, new ClaimsIdentity(Scheme, Claims.Name, Claims.Role), request.GetScopes()), authenticationScheme: Scheme);
    }

    private async Task<IResult> SignInAsync(HttpContext context)
    {
        var name = (await context.Request.ReadFormAsync())["name"].ToString();
        context.Response.Cookies.Append(Cookie, JsonSerializer.Serialize(new Session(name, TestClient.Now, context.Request.Query["state"].ToString())));
        return Results.Redirect(context.Request.Query["to"].ToString());
    }

    private async Task<IResult> RedeemAsync(HttpContext context)
    {
        var principal = (await context.AuthenticateAsync(Scheme)).Principal!;
        var name = principal.GetClaim(Claims.Subject)!;
        return _accounts.Knows(name)
            ? Results.SignIn(Describe(name, long.Parse(principal.GetClaim(Claims.AuthenticationTime)!, null), new ClaimsIdentity(principal.Claims, Scheme, Claims.Name, Claims.Role), principal.GetScopes()), authenticationScheme: Scheme)
            : Results.Forbid(new AuthenticationProperties(new Dictionary<string, string?> { [OpenIddictServerAspNetCoreConstants.Properties.Error] = Errors.InvalidGrant }), [Scheme]);
    }

    private async Task<IResult> SayWhoAsync(HttpContext context)
    {
        var name = (await context.AuthenticateAsync(Scheme)).Principal!.GetClaim(Claims.Subject)!;
        var claims = _accounts.Of(name);
        claims.Remove("roles");
        claims["sub"] = name;
        return Results.Text(claims.ToJsonString(), "application/json");
    }

    private ClaimsPrincipal Describe(string name, long at, ClaimsIdentity identity, IEnumerable<string> scopes)
    {
        identity.SetClaim(Claims.Subject, name).SetClaim(Claims.AuthenticationTime, at);
        identity.SetClaims(Claims.Role, _accounts.Of(name)["roles"] is { } roles ? [.. Texts(roles)] : []);
        identity.SetScopes(scopes);
        identity.SetDestinations(claim => claim.Type is Claims.Role ? [Destinations.IdentityToken] : [Destinations.IdentityToken, Destinations.AccessToken]);
        return new ClaimsPrincipal(identity);
    }

    private static IEnumerable<string> Texts(JsonNode roles) => roles is JsonArray list ? list.Select(role => (string)role!) : [(string)roles!];

    private sealed record Session(string Name, long At, string State);
}
