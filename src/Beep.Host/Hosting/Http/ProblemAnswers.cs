using System.Text.Json.Nodes;
using Beep.Contracts;

namespace Beep.Host.Hosting.Http;

/// <summary>Faults as problem details (RFC 9457): a stable code, what failed, where, and a remedy; never a stack trace.</summary>
internal static class ProblemAnswers
{
    private const string ContentType = "application/problem+json";

    /// <summary>Whether the caller is a program: it gets problem details and no page.</summary>
    public static bool IsApi(this HttpRequest request) =>
        request.Path.StartsWithSegments("/api") || request.Path.StartsWithSegments("/v1") || request.Path.StartsWithSegments("/hubs")
        || request.Path.StartsWithSegments("/health") || request.Path.StartsWithSegments("/metrics") || request.Path.StartsWithSegments("/openapi")
        || request.Path.StartsWithSegments("/setup/api")
        || (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !request.HasFormContentType);

    public static Task WriteAsync(HttpContext context, int status, IReadOnlyList<Fault> faults, TimeSpan? retryAfter = null)
    {
        var isOpenAi = context.Request.IsOpenAi();
        status = isOpenAi ? OpenAiAnswers.StatusOf(status) : status;
        context.Response.StatusCode = status;
        context.Response.Headers.CacheControl = "no-store";
        if (retryAfter is { } wait)
        {
            SetRetryAfter(context, wait);
        }

        context.Response.ContentType = isOpenAi ? "application/json" : ContentType;
        return context.Response.WriteAsync((isOpenAi ? OpenAiAnswers.ToJson(status, faults) : ToJson(context, status, faults)).ToJsonString(), context.RequestAborted);
    }

    /// <summary>Says how long to wait, in whole seconds and at least one.</summary>
    public static void SetRetryAfter(HttpContext context, TimeSpan wait) =>
        context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static JsonObject ToJson(HttpContext context, int status, IReadOnlyList<Fault> faults)
    {
        var first = faults[0];
        var problem = new JsonObject
        {
            ["type"] = $"urn:beep:{first.Code}",
            ["title"] = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status),
            ["status"] = status,
            ["code"] = first.Code,
            ["detail"] = first.Message,
            ["remedy"] = first.Remedy,
            ["where"] = first.Where,
            ["correlation_id"] = context.TraceIdentifier,
        };
        if (faults.Count > 1)
        {
            problem["faults"] = new JsonArray([.. faults.Select(fault => new JsonObject { ["code"] = fault.Code, ["detail"] = fault.Message, ["remedy"] = fault.Remedy, ["where"] = fault.Where })]);
        }

        return problem;
    }
}
