using System.Globalization;
using System.Text.Json;
using Beep.Contracts;

namespace Beep.Host.Hosting.Http;

/// <summary>Turns what a request ends with into an answer: problem details for programs, a page with the correlation id for people.</summary>
internal sealed partial class FaultMiddleware(RequestDelegate next, ILogger<FaultMiddleware> logger)
{
    public const string ErrorPage = "/error";

    // Answers that have no body of their own.
    private static readonly Dictionary<int, Fault> Bare = new()
    {
        [StatusCodes.Status400BadRequest] = new("bad_request", "The request cannot be read.", "Compare it with the API reference."),
        [StatusCodes.Status401Unauthorized] = new("not_signed_in", "Nobody is signed in.", "Sign in, or send an API token as Authorization: Bearer."),
        [StatusCodes.Status403Forbidden] = new("not_allowed", "You may not do this.", "Ask an administrator for the permission."),
        [StatusCodes.Status404NotFound] = new("not_found", "There is nothing at this address.", "Check the address."),
        [StatusCodes.Status405MethodNotAllowed] = new("method_not_allowed", "This address does not take this method.", "Compare the request with the API reference."),
        [StatusCodes.Status413PayloadTooLarge] = new("too_large", "The request is larger than is taken here.", "Send less."),
        [StatusCodes.Status415UnsupportedMediaType] = new("unsupported_media_type", "The body is of a type that is not taken here.", "Send application/json."),
    };

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (HttpFaultException fault) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, fault.Status, fault.Faults, fault.RetryAfter);
            return;
        }
        catch (FaultException fault) when (!context.Response.HasStarted)
        {
            var status = fault.ExitCode == WorkerExitCode.Invalid ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status500InternalServerError;
            await AnswerAsync(context, status, fault.Faults);
            return;
        }
        catch (BadHttpRequestException error) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, error.StatusCode, [Describe(error)]);
            return;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // The last place where a fault can be answered without telling how the program is made.
        catch (Exception error) when (!context.Response.HasStarted)
        {
            Log.Unexpected(logger, context.Request.Method, context.Request.Path, error);
            await AnswerAsync(context, StatusCodes.Status500InternalServerError, [new Fault("unexpected", "The server failed at this request.", "Look up the correlation id in the server's log.")]);
            return;
        }
#pragma warning restore CA1031

        if (!context.Response.HasStarted && context.Response.ContentLength is null && context.Response.ContentType is null
            && context.Request.IsApi() && Bare.TryGetValue(context.Response.StatusCode, out var bare))
        {
            await ProblemAnswers.WriteAsync(context, context.Response.StatusCode, [bare]);
        }
    }

    private async Task AnswerAsync(HttpContext context, int status, IReadOnlyList<Fault> faults, TimeSpan? retryAfter = null)
    {
        var correlation = context.Response.Headers[Correlation.Header];
        context.Response.Clear();
        context.Response.Headers[Correlation.Header] = correlation;
        if (context.Request.IsApi() || context.Request.Path == ErrorPage)
        {
            await ProblemAnswers.WriteAsync(context, status, faults, retryAfter);
            return;
        }

        // The page is drawn in this same request: its address stays and can be tried again.
        context.Response.StatusCode = status;
        if (retryAfter is { } wait)
        {
            ProblemAnswers.SetRetryAfter(context, wait);
        }

        context.Items[typeof(FaultMiddleware)] = faults[0];
        context.Request.Path = ErrorPage;
        context.Request.Method = HttpMethods.Get;
        context.SetEndpoint(null);
        context.Request.RouteValues.Clear();
        await next(context);
    }

    /// <summary>What is wrong and where; how the program names its own types is nobody's business.</summary>
    private static Fault Describe(BadHttpRequestException error) => error switch
    {
        { InnerException: JsonException json } => Describe(json),
        { StatusCode: StatusCodes.Status408RequestTimeout } => new Fault("too_slow", "The body came too slowly.", "Send it again over a better connection; a resumable upload goes on where it stopped."),
        { StatusCode: StatusCodes.Status413PayloadTooLarge } => Bare[StatusCodes.Status413PayloadTooLarge],
        _ => new Fault("bad_request", error.Message, "Compare the request with the API reference."),
    };

    private static Fault Describe(JsonException json)
    {
        const string remedy = "Correct it; the API reference shows every field.";
        var place = string.Create(CultureInfo.InvariantCulture, $"line {(json.LineNumber ?? 0) + 1}, byte {(json.BytePositionInLine ?? 0) + 1}");
        return json.Path is { Length: > 1 } path && path.StartsWith("$.", StringComparison.Ordinal)
            ? new Fault("bad_json", $"The body holds '{path[2..]}', which is not taken here or not as it is written ({place}).", remedy, path[2..])
            : new Fault("bad_json", $"The body is not JSON of the form that is taken here ({place}).", remedy, json.Path);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed.")]
        public static partial void Unexpected(ILogger logger, string method, PathString path, Exception error);
    }
}
