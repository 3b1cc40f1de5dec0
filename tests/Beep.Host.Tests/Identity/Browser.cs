using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Beep.Host.Tests.Identity;

/// <summary>A browser with cookies that follows no redirect.</summary>
internal sealed class Browser : IDisposable
{
    public const string CookieName = "beep";

    private readonly CookieContainer _cookies = new();
    private readonly HttpClient _client;
    private readonly Uri _address;

    public Browser(Uri address)
    {
        _address = address;
        _client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = _cookies }) { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>The session's cookie; null for none.</summary>
    public string? Cookie
    {
        get => _cookies.GetCookies(_address)[CookieName]?.Value is { Length: > 0 } value ? value : null;
        set => _cookies.SetCookies(_address, $"{CookieName}={value}; path=/");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public HttpClient Client => _client;

    public async Task SignInAsync(string name, string password = IdentityApp.Password)
    {
        using var answer = await SubmitAsync("/account/sign-in", ("username", name), ("password", password));
        Assert.Equal((HttpStatusCode.Redirect, "/"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
    }

    public async Task ElevateAsync()
    {
        using var answer = await SubmitAsync("/account/elevate", ("password", IdentityApp.Password));
        Assert.Equal("/", answer.Headers.Location?.OriginalString);
    }

    /// <summary>Posts a form with its antiforgery token.</summary>
    public async Task<HttpResponseMessage> SubmitAsync(string path, params (string Name, string Value)[] fields)
    {
        var token = await _client.GetStringAsync("/form", Token);
        return await SendAsync(HttpMethod.Post, path, new FormUrlEncodedContent([.. fields.Select(field => KeyValuePair.Create(field.Name, field.Value)), KeyValuePair.Create("__RequestVerificationToken", token)]));
    }

    public Task<HttpResponseMessage> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var answer = await GetAsync(path);
        return answer.StatusCode;
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await _client.SendAsync(request, Token);
    }

    /// <summary>Calls the API as a page does.</summary>
    public async Task<(HttpStatusCode Status, JsonNode? Body)> CallAsync(HttpMethod method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        using var answer = await SendAsync(method, path, body is null ? null : body is HttpContent content ? content : JsonContent.Create(body), [("X-Beep-Request", "1"), .. headers]);
        var text = await answer.Content.ReadAsStringAsync(Token);
        return (answer.StatusCode, text.StartsWith('{') || text.StartsWith('[') ? JsonNode.Parse(text) : null);
    }

    /// <summary>The code of a refusal, with its status.</summary>
    public async Task<string> RefusalAsync(HttpMethod method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        var (status, answer) = await CallAsync(method, path, body, headers);
        return $"{(int)status} {(answer as JsonObject)?["code"]}".TrimEnd();
    }

    public void Dispose() => _client.Dispose();
}
