using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Beep.Host.Tests.Identity.External.Providers;

/// <summary>A provider that signs everybody in at once, rightly unless a test tells it to answer otherwise: right ones cannot be made to.</summary>
internal sealed class HostileProvider : IRightProvider
{
    public const string ClientId = TestClient.Id;
    public const string ClientSecret = TestClient.Secret;

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, (string Nonce, string Challenge, string Redirect, bool IsFresh)> _codes = new();
    private readonly ConcurrentDictionary<string, Dictionary<string, string>> _pushed = new();

    private readonly AccountBook _accounts = new();

    private HostileProvider(WebApplication app) => _app = app;

    public string Issuer { get; private set; } = "";

    public SigningKey Key { get; private set; } = new("key-1");

    /// <summary>The keys that are published; those that sign are <see cref="Key"/>.</summary>
    public List<SigningKey> Published { get; } = [];

    public Action<JsonObject> Document { get; set; } = _ => { };

    public Action<JsonObject> Claims { get; set; } = _ => { };

    public Action<JsonObject> Header { get; set; } = _ => { };

    /// <summary>Makes the last part of a token from the other two; null signs it as is right.</summary>
    public Func<string, string>? Sign { get; set; }

    public Action<JsonObject> UserInfo { get; set; } = _ => { };

    public Action<JsonObject> TokenAnswer { get; set; } = _ => { };

    /// <summary>What is added to the address that browsers are sent back to.</summary>
    public Func<Dictionary<string, string?>, Dictionary<string, string?>> Answer { get; set; } = answer => answer;

    /// <summary>Answers instead of an endpoint, by its path.</summary>
    public ConcurrentDictionary<string, IResult> Instead { get; } = new();

    /// <summary>How often each path was asked for.</summary>
    public ConcurrentDictionary<string, int> Calls { get; } = new();

    public List<Dictionary<string, string>> Requests { get; } = [];

    public string? LastAuthorization { get; private set; }

    public Dictionary<string, string> LastForm { get; private set; } = [];

    /// <summary>Whether it asks nobody for a password again, though it is told to.</summary>
    public bool IgnoresFreshness { get; set; }

    public bool IgnoresProofKey { get; set; }

    public string Subject { get; set; } = "subject-1";

    public static async Task<HostileProvider> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var provider = new HostileProvider(app);
        provider.Published.Add(provider.Key);
        app.Use(async (context, next) =>
        {
            provider.Calls.AddOrUpdate(context.Request.Path, 1, (_, count) => count + 1);
            if (provider.Instead.TryGetValue(context.Request.Path, out var result))
            {
                await result.ExecuteAsync(context);
                return;
            }

            await next(context);
        });
        app.MapGet("/.well-known/openid-configuration", provider.Discover);
        app.MapGet("/keys", () => Results.Text(new JsonObject { ["keys"] = new JsonArray([.. provider.Published.Select(key => key.Public())]) }.ToJsonString(), "application/json"));
        app.MapGet("/authorize", provider.Authorize);
        app.MapPost("/par", provider.PushAsync);
        app.MapPost("/token", provider.TokenAsync);
        app.MapGet("/userinfo", provider.SayWho);
        app.MapGet("/logout", (string post_logout_redirect_uri, string state) => Results.Redirect(QueryHelpers.AddQueryString(post_logout_redirect_uri, "state", state)));
        await app.StartAsync();
        provider.Issuer = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return provider;
    }

    /// <summary>Signs with another key from now on; under the name of the one before where a provider names its keys no better.</summary>
    public void Rotate(bool keepsName = false) => Rotate(new SigningKey(keepsName ? Key.Id : $"key-{Guid.NewGuid():N}"));

    /// <summary>Signs with this key from now on.</summary>
    public void Rotate(SigningKey key)
    {
        Key = key;
        Published.Clear();
        Published.Add(key);
    }

    public Task RotateAsync()
    {
        Rotate();
        return Task.CompletedTask;
    }

    public Task SetAsync(string accounts)
    {
        _accounts.Set(accounts);
        return Task.CompletedTask;
    }

    /// <summary>It asks nobody for a name: whoever comes next is this one, and has the claims that were set.</summary>
    public void Expect(string name)
    {
        Subject = name;
        UserInfo = claims => AccountBook.Copy(_accounts.Of(Subject), claims);
        TokenAnswer = answer =>
        {
            if (!_accounts.Knows(Subject))
            {
                answer.Clear();
                answer["error"] = "invalid_grant";
            }
        };
    }

    /// <summary>A token signed as the provider's own, unless the test says otherwise.</summary>
    public string MakeToken(JsonObject claims, JsonObject? header = null)
    {
        header ??= new JsonObject { ["alg"] = "RS256", ["kid"] = Key.Id };
        Header(header);
        var signed = $"{Part(header)}.{Part(claims)}";
        return $"{signed}.{Sign?.Invoke(signed) ?? Key.Sign(signed)}";
    }

    public JsonObject IdClaims(string nonce) => new()
    {
        ["iss"] = Issuer,
        ["sub"] = Subject,
        ["aud"] = ClientId,
        ["iat"] = Now,
        ["exp"] = Now + 300,
        ["nonce"] = nonce,
        ["sid"] = "provider-session-1",
    };

    public JsonObject LogoutClaims() => new()
    {
        ["iss"] = Issuer,
        ["aud"] = ClientId,
        ["iat"] = Now,
        ["exp"] = Now + 120,
        ["jti"] = Guid.NewGuid().ToString("N"),
        ["sub"] = Subject,
        ["events"] = new JsonObject { ["http://schemas.openid.net/event/backchannel-logout"] = new JsonObject() },
    };

    public static long Now => TestClient.Now;

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private IResult Discover()
    {
        var document = new JsonObject
        {
            ["issuer"] = Issuer,
            ["authorization_endpoint"] = $"{Issuer}/authorize",
            ["token_endpoint"] = $"{Issuer}/token",
            ["jwks_uri"] = $"{Issuer}/keys",
            ["userinfo_endpoint"] = $"{Issuer}/userinfo",
            ["end_session_endpoint"] = $"{Issuer}/logout",
            ["response_types_supported"] = new JsonArray("code"),
            ["code_challenge_methods_supported"] = new JsonArray("S256"),
            ["token_endpoint_auth_methods_supported"] = new JsonArray("client_secret_basic", "client_secret_post"),
        };
        Document(document);
        return Results.Text(document.ToJsonString(), "application/json");
    }

    private IResult Authorize(HttpRequest request)
    {
        var query = request.Query.ToDictionary(pair => pair.Key, pair => pair.Value.ToString());
        if (query.TryGetValue("request_uri", out var uri) && _pushed.TryRemove(uri, out var pushed))
        {
            query = pushed;
        }

        Requests.Add(query);
        var code = Guid.NewGuid().ToString("N");
        _codes[code] = (query["nonce"], query["code_challenge"], query["redirect_uri"], query.GetValueOrDefault("max_age") == "0");
        return Results.Redirect(QueryHelpers.AddQueryString(query["redirect_uri"], Answer(new Dictionary<string, string?> { ["code"] = code, ["state"] = query["state"] })));
    }

    private async Task<IResult> PushAsync(HttpRequest request)
    {
        var uri = $"urn:ietf:params:oauth:request_uri:{Guid.NewGuid():N}";
        _pushed[uri] = await FormAsync(request);
        return Results.Json(new Dictionary<string, object> { ["request_uri"] = uri, ["expires_in"] = 60 }, statusCode: StatusCodes.Status201Created);
    }

    private async Task<IResult> TokenAsync(HttpRequest request)
    {
        var form = await FormAsync(request);
        LastAuthorization = request.Headers.Authorization;
        LastForm = form;
        string? nonce = null;
        var isFresh = false;
        if (form["grant_type"] == "authorization_code")
        {
            if (!_codes.TryRemove(form.GetValueOrDefault("code", ""), out var issued) || issued.Redirect != form["redirect_uri"]
                || (!IgnoresProofKey && Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"]))) != issued.Challenge))
            {
                return Results.Json(new Dictionary<string, string> { ["error"] = "invalid_grant" }, statusCode: StatusCodes.Status400BadRequest);
            }

            (nonce, isFresh) = (issued.Nonce, issued.IsFresh);
        }

        var access = Guid.NewGuid().ToString("N");
        var claims = IdClaims(nonce ?? "");
        if (nonce is null)
        {
            claims.Remove("nonce");
        }

        if (isFresh && !IgnoresFreshness)
        {
            claims["auth_time"] = Now;
        }

        claims["at_hash"] = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(access))[..16]);
        Claims(claims);
        var answer = new JsonObject { ["access_token"] = access, ["token_type"] = "Bearer", ["expires_in"] = 300, ["refresh_token"] = Guid.NewGuid().ToString("N"), ["id_token"] = MakeToken(claims) };
        TokenAnswer(answer);
        return Results.Text(answer.ToJsonString(), "application/json", statusCode: answer.ContainsKey("error") ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK);
    }

    private IResult SayWho()
    {
        var claims = new JsonObject { ["sub"] = Subject, ["preferred_username"] = "ada", ["name"] = "Ada", ["email"] = "ada@example.org" };
        UserInfo(claims);
        return Results.Text(claims.ToJsonString(), "application/json");
    }

    private static async Task<Dictionary<string, string>> FormAsync(HttpRequest request) => (await request.ReadFormAsync()).ToDictionary(pair => pair.Key, pair => pair.Value.ToString());

    private static string Part(JsonObject json) => Base64UrlEncoder.Encode(json.ToJsonString());
}

/// <summary>A key that signs as RS256.</summary>
internal sealed class SigningKey(string id, int bits = 2048)
{
    private readonly RSA _rsa = RSA.Create(bits);

    public string Id => id;

    /// <summary>Whether it is published without its name.</summary>
    public bool IsNameless { get; init; }

    public byte[] Pem => Encoding.ASCII.GetBytes(_rsa.ExportSubjectPublicKeyInfoPem());

    public string Sign(string text) => Base64UrlEncoder.Encode(_rsa.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public JsonObject Public()
    {
        var parameters = _rsa.ExportParameters(includePrivateParameters: false);
        var json = new JsonObject { ["kty"] = "RSA", ["use"] = "sig", ["n"] = Base64UrlEncoder.Encode(parameters.Modulus), ["e"] = Base64UrlEncoder.Encode(parameters.Exponent) };
        if (!IsNameless)
        {
            json["kid"] = id;
        }

        return json;
    }
}
