using System.Net;
using Beep.Contracts;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Models.Hub;

/// <summary>What the hub refuses, in words that say what to do.</summary>
internal static class HubFaults
{
    private const string Gated = "hub_gated";
    private const string NoRepository = "hub_model_not_found";
    private const string NoRevision = "hub_revision_not_found";
    private const string TokenRefused = "hub_token_refused";
    private const string Failing = "hub_failed";

    /// <summary>What an answer that is no success means; null where another try may help.</summary>
    public static FaultException? Of(HttpResponseMessage answer, HubAddress address, string repository, string revision, bool hasToken)
    {
        var code = answer.Headers.TryGetValues("X-Error-Code", out var values) ? values.FirstOrDefault() : null;
        return (answer.StatusCode, code) switch
        {
            (_, "GatedRepo") => FaultException.Invalid(
                Gated,
                $"The model '{repository}' is only given to those who accepted its terms.",
                hasToken
                    ? $"Accept them at {address.PageOf(repository)} with the account of HF_TOKEN, and try again once access is granted."
                    : $"Accept them at {address.PageOf(repository)}, set HF_TOKEN to a token of that account, and try again.",
                "HF_TOKEN"),
            (_, "RevisionNotFound") => FaultException.Invalid(NoRevision, $"The model '{repository}' has no revision '{revision}'.", "Name a branch, a tag or a commit of it, or leave the revision out.", "revision"),
            (HttpStatusCode.Unauthorized, not "RepoNotFound") when hasToken => FaultException.Invalid(TokenRefused, $"The hub does not take HF_TOKEN, or shows it no model '{repository}'.", "Make a new token in the settings of your account at the hub, and check the name.", "HF_TOKEN"),
            (HttpStatusCode.Unauthorized or HttpStatusCode.NotFound, _) => FaultException.Invalid(
                NoRepository, $"The hub has no model '{repository}' that it would show.", hasToken ? "Check the name, and that the account of HF_TOKEN may see it." : "Check the name; a private model needs HF_TOKEN.", "repository"),
            (HttpStatusCode.Forbidden, _) => FaultException.Invalid(Gated, $"The hub does not let this account have the model '{repository}'.", $"See {address.PageOf(repository)} for who may.", "HF_TOKEN"),
            ( >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout, _) => null,
            _ => Failed(repository, $"it answers {(int)answer.StatusCode}"),
        };
    }

    public static FaultException Failed(string what, string why, Exception? cause = null) =>
        FaultException.Failed(Failing, $"The hub could not give '{what}': {why}.", "Try again later: what has come so far is kept, and the download goes on from there.", "HF_ENDPOINT", cause);

    public static FaultException BadAnswer(string repository, string why) =>
        FaultException.Failed("hub_bad_answer", $"What the hub says about '{repository}' cannot be used: {why}.", "Check HF_ENDPOINT: it must be a hub with the interface of huggingface.co.", "HF_ENDPOINT");

    public static FaultException Mismatch(string file, string expected, string actual) =>
        FaultException.Failed("hub_checksum_mismatch", $"'{file}' arrived with the checksum {actual}; the hub promises {expected}.", "Try again; if it stays, something between here and the hub changes files.", file);

    /// <summary>As an answer over HTTP.</summary>
    public static HttpFaultException ToHttp(FaultException fault) => new(
        fault.Faults[0].Code switch
        {
            NoRepository or NoRevision => StatusCodes.Status404NotFound,
            Gated or TokenRefused => StatusCodes.Status403Forbidden,
            ModelStore.DiskFull => StatusCodes.Status507InsufficientStorage,
            Failing or "hub_bad_answer" or "hub_redirect_refused" => StatusCodes.Status502BadGateway,
            _ => StatusCodes.Status422UnprocessableEntity,
        },
        fault.Faults);
}
