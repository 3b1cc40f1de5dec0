using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Beep.Host.Tests.Identity.External.Providers;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;

namespace Beep.Host.Tests.Identity.External;

/// <summary>Cases 24 to 40: which ID tokens and what of userinfo this host believes. The numbers are those of the acceptance suite.</summary>
public sealed class IdTokenTests(SharedProvider shared) : IClassFixture<SharedProvider>
{
    private static long Now => HostileProvider.Now;

    public static TheoryData<int, string, string> Refused => new()
    {
        { 24, "other", "wrong_issuer" }, { 24, "absent", "wrong_issuer" }, { 24, "slash", "wrong_issuer" },
        { 25, "other", "wrong_audience" }, { 25, "absent", "wrong_audience" }, { 25, "number", "wrong_audience" },
        { 26, "several", "wrong_party" }, { 26, "party", "wrong_party" }, { 26, "party_number", "wrong_party" },
        { 27, "absent", "bad_subject" }, { 27, "empty", "bad_subject" }, { 27, "long", "bad_subject" }, { 27, "number", "bad_subject" },
        { 28, "absent", "no_issue_time" }, { 28, "ahead", "issued_in_future" }, { 28, "old", "issued_long_ago" }, { 28, "text", "bad_claim" },
        { 29, "absent", "no_expiry" }, { 29, "over", "expired" },
        { 30, "minutes", "expired" },
        { 31, "future", "not_yet_valid" },
        { 32, "other", "wrong_nonce" }, { 32, "absent", "wrong_nonce" },
        { 33, "other_key", "bad_signature" }, { 33, "changed", "bad_signature" },
        { 34, "none", "bad_algorithm" }, { 34, "none_without_signature", "bad_signature" }, { 34, "empty", "bad_signature" },
        { 35, "secret", "bad_algorithm" }, { 35, "pem", "bad_algorithm" },
        { 36, "jwk", "bad_signature" }, { 36, "jku", "unknown_key" },
        { 37, "logout", "wrong_type" }, { 37, "access", "wrong_type" },
        { 38, "wrong", "wrong_access_token" },
        { 39, "other", "userinfo_of_another" }, { 39, "absent", "userinfo_of_another" }, { 39, "error", "provider_unreachable" }, { 39, "refused", "userinfo_failed" },
    };

    public static TheoryData<int, string> Accepted => new()
    {
        { 26, "several_with_party" }, { 28, "ahead_a_little" }, { 30, "seconds" }, { 37, "jwt" }, { 37, "empty" }, { 38, "absent" }, { 40, "unknown_role" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Cases24To39_BrokenRule_IsRefusedForItsReason(int number, string variant, string reason)
    {
        var (provider, server) = (shared.Fresh(), shared.Server);
        Break(provider, number, variant);
        using var browser = new ProviderBrowser(server);
        await browser.RefusedAsync();
        Assert.Equal(reason, (await server.RefusalsAsync())[^1]);
        Assert.DoesNotContain(await server.ExternalUsersAsync(), user => user.ExternalSubject == provider.Subject);
        Assert.False(provider.Calls.ContainsKey("/attacker/keys"));
    }

    [Theory]
    [MemberData(nameof(Accepted))]
    public async Task Cases26To40_KeptRule_IsAccepted(int number, string variant)
    {
        Break(shared.Fresh(), number, variant);
        using var browser = new ProviderBrowser(shared.Server);
        Assert.Equal("/", await browser.SignInAsync());
        Assert.Equal("Guest", (string?)(await browser.ReadProfileAsync())["role"]);
    }

    private static void Break(HostileProvider provider, int number, string variant)
    {
        switch (number, variant)
        {
            case (24, "other"):
                provider.Claims = claims => claims["iss"] = "https://other.example";
                break;
            case (24, "absent"):
                provider.Claims = claims => claims.Remove("iss");
                break;
            case (24, _):
                provider.Claims = claims => claims["iss"] = provider.Issuer + "/";
                break;
            case (25, "other"):
                provider.Claims = claims => claims["aud"] = "somebody-else";
                break;
            case (25, "absent"):
                provider.Claims = claims => claims.Remove("aud");
                break;
            case (25, _):
                provider.Claims = claims => claims["aud"] = new JsonArray(HostileProvider.ClientId, 7);
                break;
            case (26, "several"):
                provider.Claims = claims => claims["aud"] = new JsonArray(HostileProvider.ClientId, "another");
                break;
            case (26, "several_with_party"):
                provider.Claims = claims => (claims["aud"], claims["azp"]) = (new JsonArray(HostileProvider.ClientId, "another"), HostileProvider.ClientId);
                break;
            case (26, "party"):
                provider.Claims = claims => claims["azp"] = "another";
                break;
            case (26, _):
                provider.Claims = claims => claims["azp"] = 7;
                break;
            case (27, "absent"):
                provider.Claims = claims => claims.Remove("sub");
                break;
            case (27, "empty"):
                provider.Claims = claims => claims["sub"] = "";
                break;
            case (27, "long"):
                provider.Claims = claims => claims["sub"] = new string('x', 256);
                break;
            case (27, _):
                provider.Claims = claims => claims["sub"] = 7;
                break;
            case (28, "absent"):
                provider.Claims = claims => claims.Remove("iat");
                break;
            case (28, "ahead"):
                provider.Claims = claims => claims["iat"] = Now + 90;
                break;
            case (28, "ahead_a_little"):
                provider.Claims = claims => claims["iat"] = Now + 30;
                break;
            case (28, "old"):
                provider.Claims = claims => claims["iat"] = Now - 660;
                break;
            case (28, _):
                provider.Claims = claims => claims["iat"] = "now";
                break;
            case (29, "absent"):
                provider.Claims = claims => claims.Remove("exp");
                break;
            case (29, _):
                provider.Claims = claims => claims["exp"] = Now - 600;
                break;
            case (30, "seconds"):
                provider.Claims = claims => claims["exp"] = Now - 30;
                break;
            case (30, _):
                provider.Claims = claims => claims["exp"] = Now - 240;
                break;
            case (31, _):
                provider.Claims = claims => claims["nbf"] = Now + 120;
                break;
            case (32, "other"):
                provider.Claims = claims => claims["nonce"] = "another";
                break;
            case (32, _):
                provider.Claims = claims => claims.Remove("nonce");
                break;
            case (33, "other_key"):
                provider.Sign = new SigningKey("attacker").Sign;
                break;
            case (33, _):
                provider.Sign = signed => provider.Key.Sign(signed + "x");
                break;
            case (34, "none"):
                provider.Header = header => header["alg"] = "none";
                provider.Sign = _ => "AA";
                break;
            case (34, "none_without_signature"):
                provider.Header = header => header["alg"] = "none";
                provider.Sign = _ => "";
                break;
            case (34, _):
                provider.Sign = _ => "";
                break;
            case (35, "secret"):
                provider.Header = header => header["alg"] = "HS256";
                provider.Sign = signed => Mac(Encoding.UTF8.GetBytes(HostileProvider.ClientSecret), signed);
                break;
            case (35, _):
                provider.Header = header => header["alg"] = "HS256";
                provider.Sign = signed => Mac(provider.Key.Pem, signed);
                break;
            case (36, "jwk"):
                var attacker = new SigningKey("key-1");
                provider.Header = header => header["jwk"] = attacker.Public();
                provider.Sign = attacker.Sign;
                break;
            case (36, _):
                var elsewhere = new SigningKey("attacker");
                provider.Header = header => (header["jku"], header["kid"]) = ($"{provider.Issuer}/attacker/keys", "attacker");
                provider.Sign = elsewhere.Sign;
                provider.Instead["/attacker/keys"] = Results.Text(new JsonObject { ["keys"] = new JsonArray(elsewhere.Public()) }.ToJsonString(), "application/json");
                break;
            case (37, "logout"):
                provider.Header = header => header["typ"] = "logout+jwt";
                break;
            case (37, "access"):
                provider.Header = header => header["typ"] = "at+jwt";
                break;
            case (37, "jwt"):
                provider.Header = header => header["typ"] = "JWT";
                break;
            case (37, _):
                provider.Header = header => header["typ"] = "";
                break;
            case (38, "wrong"):
                provider.Claims = claims => claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA";
                break;
            case (38, _):
                provider.Claims = claims => claims.Remove("at_hash");
                break;
            case (39, "other"):
                provider.UserInfo = claims => claims["sub"] = "somebody-else";
                break;
            case (39, "absent"):
                provider.UserInfo = claims => claims.Remove("sub");
                break;
            case (39, "error"):
                provider.Instead["/userinfo"] = Results.StatusCode(500);
                break;
            case (39, _):
                provider.Instead["/userinfo"] = Results.StatusCode(403);
                break;
            case (40, _):
                provider.UserInfo = claims => (claims["is_admin"], claims["permissions"], claims["beep_role"]) = (true, new JsonArray("system:admin"), "Admin");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(variant), variant, "No such case.");
        }
    }

    private static string Mac(byte[] key, string signed) => Base64UrlEncoder.Encode(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(signed)));
}
