using System.Security.Claims;
using System.Text.Json;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Identity.External.Sessions;
using Beep.Host.Identity.SignIn;
using Microsoft.AspNetCore.WebUtilities;

namespace Beep.Host.Identity.External.Flow;

/// <summary>
/// Signs people in with the provider: the code flow of OpenID Connect Core 1.0 with PKCE (RFC 7636), nonce, pushed requests
/// where they are offered (RFC 9126) and the issuer in the answer where it is promised (RFC 9207).
/// </summary>
internal sealed partial class ExternalSignIn(
    HostOptions options,
    ProviderDirectory directory,
    ProviderClient client,
    AttemptCookies attempts,
    ExternalAccounts accounts,
    SignInService signIn,
    IdentityWriter writer,
    IdentityMeters meters,
    TimeProvider time,
    ILogger<ExternalSignIn> logger)
{
    public const string Method = "provider";
    public const string Callback = "/signin-oidc";

    /// <summary>Where the browser is sent to sign in.</summary>
    /// <param name="context">The request.</param>
    /// <param name="returnUrl">The page that was asked for.</param>
    /// <param name="purpose">What for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ProviderException">The provider cannot be reached.</exception>
    public async Task<string> StartAsync(HttpContext context, string? returnUrl, AttemptPurpose purpose, CancellationToken cancellationToken)
    {
        var provider = (await directory.GetAsync(cancellationToken)).Document;
        var attempt = new SignInAttempt(
            ProofKey.Create(), ProofKey.Create(), ProofKey.Create(), LocalUrls.OrHome(returnUrl), time.GetUtcNow(),
            purpose, purpose is AttemptPurpose.Link or AttemptPurpose.Elevate ? context.User.FindFirstValue(ClaimNames.SessionId) : null);
        var request = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["response_type"] = "code",
            ["client_id"] = options.IdentityServer.ClientId,
            ["redirect_uri"] = RedirectOf(context.Request),
            ["scope"] = string.Join(' ', options.IdentityServer.Scopes),
            ["state"] = attempt.State,
            ["nonce"] = attempt.Nonce,
            ["code_challenge"] = ProofKey.ChallengeOf(attempt.Verifier),
            ["code_challenge_method"] = "S256",
        };
        if (purpose == AttemptPurpose.Switch)
        {
            request["prompt"] = provider.LetsChoose ? "select_account" : "login";
        }
        else if (purpose is AttemptPurpose.Link or AttemptPurpose.Elevate)
        {
            (request["prompt"], request["max_age"]) = ("login", "0");
        }

        if (provider.PushedEndpoint is not null)
        {
            var pushed = await client.PushAsync(provider, request.Where(pair => pair.Key != "client_id").Select(pair => KeyValuePair.Create(pair.Key, pair.Value!)), cancellationToken);
            request = new Dictionary<string, string?>(StringComparer.Ordinal) { ["client_id"] = options.IdentityServer.ClientId, ["request_uri"] = pushed };
        }

        attempts.Keep(context, attempt);
        return QueryHelpers.AddQueryString(provider.AuthorizationEndpoint.AbsoluteUri, request);
    }

    /// <summary>Takes the provider's answer and signs in or links; returns the page to go to.</summary>
    /// <exception cref="ProviderException">It is refused; the refusal is recorded.</exception>
    public async Task<string> FinishAsync(HttpContext context, CancellationToken cancellationToken)
    {
        try
        {
            var attempt = await TakeAttemptAsync(context, cancellationToken);
            var (identity, tokens, user) = await ProveAsync(context, attempt, cancellationToken);
            switch (attempt.Purpose)
            {
                case AttemptPurpose.Link:
                    RequireElevated(context, attempt);
                    // Or it may be the account of whoever used this browser before.
                    RequireFresh(identity, attempt);
                    await accounts.LinkAsync(context.User.RequireUserId(), identity, AuditActors.Of(context), cancellationToken);
                    break;
                case AttemptPurpose.Elevate:
                    RequireFresh(identity, attempt);
                    await ElevateAsync(context, attempt, await accounts.AdmitAsync(identity, user, cancellationToken));
                    break;
                default:
                    await signIn.BeginAsync(context, await accounts.AdmitAsync(identity, user, cancellationToken), Method, isElevated: false, ExternalGrant.Of(identity, tokens, time.GetUtcNow()));
                    break;
            }

            return attempt.ReturnUrl;
        }
        catch (ProviderException error)
        {
            await RefuseAsync(context, error, cancellationToken);
            throw;
        }
    }

    /// <summary>Says in the log, the meters and the audit log that somebody was refused, and why.</summary>
    public async Task RefuseAsync(HttpContext context, ProviderException error, CancellationToken cancellationToken)
    {
        Log.Refused(logger, error.Reason, error.Message, context.TraceIdentifier, error.InnerException);
        meters.SignedIn(error.Reason);
        await writer.RecordAsync(new AuditEntry
        {
            Actor = AuditActors.Of(context),
            Action = "sign_in_refused",
            ResourceType = "user",
            Outcome = AuditOutcome.Refused,
            CorrelationId = context.TraceIdentifier,
            Details = new AuditDetails { Name = Method, Reason = error.Reason },
        }, cancellationToken);
    }

    /// <summary>The address of this server as browsers know it.</summary>
    public string OriginOf(HttpRequest request) => options.PublicUrl?.GetLeftPart(UriPartial.Authority) ?? $"{request.Scheme}://{request.Host}";

    private string RedirectOf(HttpRequest request) => OriginOf(request) + Callback;

    /// <summary>Before anything is asked of the provider, the answer must be to a question of this browser.</summary>
    private async Task<SignInAttempt> TakeAttemptAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var (attempt, reason) = await attempts.TakeAsync(context, One(context.Request.Query, "state"), cancellationToken);
        return attempt ?? throw new ProviderException(reason!, "The answer belongs to no attempt of this browser that is still open.");
    }

    private async Task<(ProviderIdentity Identity, ProviderTokens Tokens, JsonElement? User)> ProveAsync(HttpContext context, SignInAttempt attempt, CancellationToken cancellationToken)
    {
        var query = context.Request.Query;
        var provider = (await directory.GetAsync(cancellationToken)).Document;
        RequireIssuer(provider, query);
        if (One(query, "error") is { } error)
        {
            throw new ProviderException("provider_refused", $"The provider answered with the error '{Word(error)}'.");
        }

        var code = One(query, "code") ?? throw new ProviderException("no_code", "The answer holds no code.");
        var tokens = await client.RedeemAsync(provider, code, attempt.Verifier, RedirectOf(context.Request), cancellationToken);
        var signed = await SignedToken.VerifyAsync(tokens.IdToken ?? throw new ProviderException("no_id_token", "The token endpoint gave no ID token."), directory, cancellationToken);
        var identity = IdTokenRules.Judge(signed, provider.Issuer, options.IdentityServer.ClientId!, attempt.Nonce, tokens.AccessToken, time.GetUtcNow());
        return (identity, tokens, await client.ReadUserAsync(provider, tokens.AccessToken, identity.Subject, cancellationToken));
    }

    private void RequireElevated(HttpContext context, SignInAttempt attempt)
    {
        if (attempt.SessionId is null || context.User.FindFirstValue(ClaimNames.SessionId) != attempt.SessionId || !ElevationHandler.IsElevated(context.User, time.GetUtcNow()))
        {
            throw new ProviderException("link_of_another", "Whoever wanted to be linked is not signed in here any more, or the password was shown too long ago.");
        }
    }

    /// <summary>That its user was asked after this attempt began, as max_age 0 demands (Core, 3.1.2.1).</summary>
    private static void RequireFresh(ProviderIdentity identity, SignInAttempt attempt)
    {
        if (identity.Claims.Instant("auth_time") is not { } asked || asked < attempt.StartedAt - IdTokenRules.Skew)
        {
            throw new ProviderException("not_fresh", "The provider did not ask its user afresh, or does not say when it did.");
        }
    }

    private static async Task ElevateAsync(HttpContext context, SignInAttempt attempt, long userId)
    {
        if (attempt.SessionId is null || context.User.FindFirstValue(ClaimNames.SessionId) != attempt.SessionId || context.User.FindUserId() != userId)
        {
            throw new ProviderException("elevation_of_another", "Somebody else showed who they are than whoever is signed in.");
        }

        await SignInService.RenewAsync(context, userId, isElevated: true);
    }

    private static void RequireIssuer(ProviderDocument provider, IQueryCollection query)
    {
        var issuer = One(query, "iss");
        if ((issuer is null && (provider.NamesIssuer || query.ContainsKey("iss"))) || (issuer is not null && issuer != provider.Issuer))
        {
            throw new ProviderException("wrong_response_issuer", "The answer names another issuer, or none although the provider promises to.");
        }
    }

    private static string? One(IQueryCollection query, string name) => query.TryGetValue(name, out var values) && values.Count == 1 && values[0] is { Length: > 0 and <= 4096 } value ? value : null;

    private static string Word(string text) => string.Concat(text.Where(c => char.IsAsciiLetterOrDigit(c) || c == '_').Take(60));

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "A sign-in with the provider was refused ({Reason}): {Message} [{CorrelationId}]")]
        public static partial void Refused(ILogger logger, string reason, string message, string correlationId, Exception? error);
    }
}
