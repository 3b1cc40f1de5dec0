using System.Net;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using HostOptions = Beep.Host.Hosting.Settings.HostOptions;

namespace Beep.Host.Tests.Identity.External;

/// <summary>Cases 12 to 22: which answers of a provider this host takes. The numbers are those of the acceptance suite.</summary>
public sealed class SignInAnswerTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null)]
    [InlineData("x")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Case12_StateMissingOrAltered_IsRefusedBeforeTheCodeIsUsed(string? state)
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.RefusedAsync(ProviderBrowser.With(await browser.ToCallbackAsync(), "state", state));
        Assert.False(provider.Calls.ContainsKey("/token"));
    }

    [Fact]
    public async Task Case15_StateOlderThanFifteenMinutes_IsRefused()
    {
        await using var provider = await HostileProvider.StartAsync();
        var time = new ManualTime();
        await using var server = await ProviderServer.StartAsync(provider, postgres, configure: services => services.AddSingleton<TimeProvider>(time));
        using var browser = new ProviderBrowser(server);
        var callback = await browser.ToCallbackAsync();
        time.Advance(TimeSpan.FromMinutes(15) + TimeSpan.FromSeconds(1));
        await browser.RefusedAsync(callback);
        Assert.Equal(["state_expired"], await server.RefusalsAsync());
        Assert.False(provider.Calls.ContainsKey("/token"));
    }

    [Theory]
    [InlineData("https://other.example", false)]
    [InlineData("https://other.example", true)]
    public async Task Case16_IssuerOfTheAnswerWrong_IsRefusedBeforeTheTokenRequest(string issuer, bool isPromised)
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Document = document => document["authorization_response_iss_parameter_supported"] = isPromised;
        provider.Answer = answer => new(answer) { ["iss"] = issuer };
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.RefusedAsync();
        Assert.Equal(["wrong_response_issuer"], await server.RefusalsAsync());
        Assert.False(provider.Calls.ContainsKey("/token"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Case17_IssuerOfTheAnswerPromised_MustBeThere(bool isThere)
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Document = document => document["authorization_response_iss_parameter_supported"] = true;
        provider.Answer = answer => isThere ? new(answer) { ["iss"] = provider.Issuer } : answer;
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        if (isThere)
        {
            Assert.Equal("/", await browser.SignInAsync());
            return;
        }

        await browser.RefusedAsync();
        Assert.Equal(["wrong_response_issuer"], await server.RefusalsAsync());
    }

    [Fact]
    public async Task Case18_AnswerOfAnotherProvider_IsRefused()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var other = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        // The browser asked the one, and the other answers with a code of its own.
        var callback = await browser.ToCallbackAsync();
        other.Answer = answer => new(answer) { ["iss"] = other.Issuer };
        await browser.RefusedAsync(ProviderBrowser.With(ProviderBrowser.With(callback, "iss", other.Issuer), "code", "of-the-other"));
        Assert.Equal(["wrong_response_issuer"], await server.RefusalsAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await browser.GetAsync($"signin-other{callback.Query}")).StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Redirect ? HttpStatusCode.NotFound : HttpStatusCode.OK);
    }

    [Fact]
    public async Task Case19_ErrorWithAScript_IsShownNowhere()
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Answer = answer => new() { ["state"] = answer["state"], ["error"] = "access_denied", ["error_description"] = "<script>alert(1)</script>" };
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        var page = (await browser.FollowAsync(await browser.ToCallbackAsync())).PathAndQuery;
        Assert.DoesNotContain("script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("alert(1)", await (await browser.GetAsync(page)).Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal(["provider_refused"], await server.RefusalsAsync());
    }

    [Fact]
    public async Task Case20_StolenCodeInAProviderThatIgnoresProofKeys_IsRefusedByTheNonce()
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.IgnoresProofKey = true;
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var victim = new ProviderBrowser(server);
        using var attacker = new ProviderBrowser(server);
        var stolen = System.Web.HttpUtility.ParseQueryString((await victim.ToCallbackAsync()).Query)["code"];
        await attacker.RefusedAsync(ProviderBrowser.With(await attacker.ToCallbackAsync(), "code", stolen));
        Assert.Equal(["wrong_nonce"], await server.RefusalsAsync());
    }

    [Fact]
    public async Task Case12_StateAlteredAtItsEnd_FindsItsCookieAndIsRefused()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        var callback = await browser.ToCallbackAsync();
        var state = System.Web.HttpUtility.ParseQueryString(callback.Query)["state"]!;
        await browser.RefusedAsync(ProviderBrowser.With(callback, "state", state[..^1] + (state[^1] == 'A' ? 'B' : 'A')));
        Assert.Equal(["state_of_another_browser"], await server.RefusalsAsync());
        Assert.False(provider.Calls.ContainsKey("/token"));
    }

    [Fact]
    public async Task Case21_LongReturnUrlAndCookiesThatAreNone_AreBorne()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server, "beep-attempt-AAAAAAAAAAAA=; beep-attempt-BBBBBBBBBBBB=x; beep-attempt-CCCCCCCCCCCC=%");
        var target = "/tasks?" + string.Concat(Enumerable.Repeat("a='&", 490));
        var callback = await browser.ToCallbackAsync($"account/external?return_url={Uri.EscapeDataString(target)}");
        // Browsers keep no longer one.
        Assert.DoesNotContain(browser.CookieHeader.Split("; "), cookie => cookie.Length > 4000);
        Assert.Equal(target, Uri.UnescapeDataString((await browser.FollowAsync(callback)).PathAndQuery));
    }

    [Theory]
    [InlineData("no_id_token")]
    [InlineData("provider_unreachable")]
    [InlineData("answer_no_json")]
    [InlineData("bad_token_answer")]
    public async Task Case22_TokenEndpointWithoutAToken_IsRefused(string reason)
    {
        await using var provider = await HostileProvider.StartAsync();
        switch (reason)
        {
            case "no_id_token":
                provider.TokenAnswer = answer => answer.Remove("id_token");
                break;
            case "provider_unreachable":
                provider.Instead["/token"] = Results.StatusCode(500);
                break;
            case "answer_no_json":
                provider.Instead["/token"] = Results.Text("<html></html>", "text/html");
                break;
            default:
                provider.TokenAnswer = answer => answer["token_type"] = "mac";
                break;
        }

        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.RefusedAsync();
        Assert.Equal([reason], await server.RefusalsAsync());
    }

    [Fact]
    public async Task Case22_TokenEndpointThatNeverAnswers_IsGivenUp()
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Instead["/token"] = new Never();
        using var hasty = new ProviderHttp(new Uri(provider.Issuer), TimeSpan.FromSeconds(1));
        // Of all that is asked there, this alone is not waited for.
        await using var server = await ProviderServer.StartAsync(provider, postgres, configure: services => services.AddSingleton(
            services => new ProviderClient(services.GetRequiredService<HostOptions>().IdentityServer, hasty)));
        using var browser = new ProviderBrowser(server);
        await browser.RefusedAsync();
        Assert.Equal(["provider_unreachable"], await server.RefusalsAsync());
    }

    /// <summary>Answers when the caller has gone.</summary>
    private sealed class Never : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext) => await Task.Delay(Timeout.Infinite, httpContext.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
