using System.Text.Json.Nodes;
using Beep.Contracts;

namespace Beep.Host.Hosting.Http;

/// <summary>Faults as the clients of OpenAI read them: one object, with its own words for kinds of faults and fewer statuses.</summary>
internal static class OpenAiAnswers
{
    private const string Root = "/v1";

    public static bool IsOpenAi(this HttpRequest request) => request.Path.StartsWithSegments(Root);

    /// <summary>What was read and is wrong is a bad request there.</summary>
    public static int StatusOf(int status) => status is StatusCodes.Status415UnsupportedMediaType or StatusCodes.Status422UnprocessableEntity ? StatusCodes.Status400BadRequest : status;

    public static JsonObject ToJson(int status, IReadOnlyList<Fault> faults) => new()
    {
        ["error"] = new JsonObject
        {
            ["message"] = string.Join(' ', faults.SelectMany(fault => new[] { fault.Message, fault.Remedy }).Where(text => text.Length > 0)),
            ["type"] = TypeOf(status),
            ["param"] = faults[0].Where,
            ["code"] = CodeOf(status, faults[0].Code),
        },
    };

    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= StatusCodes.Status500InternalServerError => "server_error",
        _ => "invalid_request_error",
    };

    private static string CodeOf(int status, string code) => status switch
    {
        StatusCodes.Status401Unauthorized => "invalid_api_key",
        StatusCodes.Status429TooManyRequests => "rate_limit_exceeded",
        _ => code,
    };
}
