using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Identity.External.Protocol;

/// <summary>What the token endpoint gave.</summary>
internal sealed record ProviderTokens(string AccessToken, string? IdToken, string? RefreshToken, TimeSpan? Lifetime);

/// <summary>This host as a client of the provider: leaves requests, redeems codes and refresh tokens, reads what it says of a user.</summary>
internal sealed class ProviderClient(IdentityServerOptions options, ProviderHttp http)
{
    // RFC 6749, 5.2, and RFC 9126.
    private static readonly HashSet<string?> Standard = ["invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"];

    private readonly string _id = options.ClientId!;

    /// <summary>Leaves an authorization request with the provider (RFC 9126); returns what stands for it.</summary>
    public async Task<string> PushAsync(ProviderDocument provider, IEnumerable<KeyValuePair<string, string>> request, CancellationToken cancellationToken)
    {
        var answer = await PostAsync(provider, provider.PushedEndpoint!, request, cancellationToken).ConfigureAwait(false);
        return answer.Status is HttpStatusCode.Created or HttpStatusCode.OK && answer.ReadObject().Text("request_uri") is { Length: > 0 } uri
            ? uri
            : throw Refused(answer, "request_refused");
    }

    /// <summary>Redeems a code (RFC 6749, 4.1.3).</summary>
    public Task<ProviderTokens> RedeemAsync(ProviderDocument provider, string code, string verifier, string redirect, CancellationToken cancellationToken) => AskAsync(provider,
    [
        new("grant_type", "authorization_code"), new("code", code), new("redirect_uri", redirect), new("code_verifier", verifier),
    ], cancellationToken);

    /// <summary>Redeems a refresh token (RFC 6749, 6), which the provider may replace.</summary>
    /// <exception cref="ProviderException">Reason <c>invalid_grant</c>: it is good no more.</exception>
    public Task<ProviderTokens> RefreshAsync(ProviderDocument provider, string refreshToken, CancellationToken cancellationToken) => AskAsync(provider,
    [
        new("grant_type", "refresh_token"), new("refresh_token", refreshToken),
    ], cancellationToken);

    /// <summary>What the provider says of the user of an access token; null where it has no such endpoint. It must be the same user (Core, 5.3.2).</summary>
    public async Task<JsonElement?> ReadUserAsync(ProviderDocument provider, string accessToken, string subject, CancellationToken cancellationToken)
    {
        if (provider.UserInfoEndpoint is null)
        {
            return null;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, provider.UserInfoEndpoint) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", accessToken) } };
        var answer = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (answer.Status != HttpStatusCode.OK)
        {
            throw new ProviderException("userinfo_failed", $"{answer.Where} answered with {(int)answer.Status}.");
        }

        var claims = answer.ReadObject();
        return claims.Text("sub") == subject ? claims : throw new ProviderException("userinfo_of_another", "What userinfo says is of another subject than the token.");
    }

    private async Task<ProviderTokens> AskAsync(ProviderDocument provider, IEnumerable<KeyValuePair<string, string>> grant, CancellationToken cancellationToken)
    {
        var answer = await PostAsync(provider, provider.TokenEndpoint, grant, cancellationToken).ConfigureAwait(false);
        if (answer.Status != HttpStatusCode.OK)
        {
            throw Refused(answer, "code_refused");
        }

        var json = answer.ReadObject();
        if (json.Text("access_token") is not { Length: > 0 } access || json.Text("token_type")?.Equals("Bearer", StringComparison.OrdinalIgnoreCase) != true)
        {
            throw new ProviderException("bad_token_answer", $"{answer.Where} gave no bearer token.");
        }

        var lifetime = json.TryGetProperty("expires_in", out var seconds) && seconds.ValueKind == JsonValueKind.Number && seconds.TryGetDouble(out var value) && value is > 0 and < 315_360_000 ? TimeSpan.FromSeconds(value) : (TimeSpan?)null;
        return new ProviderTokens(access, json.Text("id_token"), json.Text("refresh_token"), lifetime);
    }

    private async Task<ProviderAnswer> PostAsync(ProviderDocument provider, Uri address, IEnumerable<KeyValuePair<string, string>> fields, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address);
        if (provider.TakesBasic)
        {
            // Encoded as a form first, each by itself (RFC 6749, 2.3.1): a secret may hold a colon.
            var pair = $"{WebUtility.UrlEncode(_id)}:{WebUtility.UrlEncode(options.ClientSecret!.Value)}";
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
            fields = fields.Append(new("client_id", _id));
        }
        else
        {
            fields = [.. fields, new("client_id", _id), new("client_secret", options.ClientSecret!.Value)];
        }

        request.Content = new FormUrlEncodedContent(fields);
        return await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>With the word that the standard has for it, where the provider says one.</summary>
    private static ProviderException Refused(ProviderAnswer answer, string otherwise)
    {
        string? word = null;
        try
        {
            word = answer.ReadObject().Text("error");
        }
        catch (ProviderException)
        {
            // A page of HTML.
        }

        var isWord = word is { Length: > 0 and <= 50 } && word.All(c => char.IsAsciiLetterLower(c) || c == '_');
        // A reason is a label of the meters: words of the provider's own stay in the log.
        return new ProviderException(Standard.Contains(word) ? word! : otherwise, string.Create(CultureInfo.InvariantCulture, $"{answer.Where} answered with {(int)answer.Status}{(isWord ? $" and {word}" : "")}."));
    }
}
