using Beep.Host.Hosting.Http;

namespace Beep.Host.OpenAi;

/// <summary>What holds for requests of OpenAI's clients.</summary>
internal static class OpenAiRequests
{
    /// <exception cref="HttpFaultException">400.</exception>
    public static int Limit(int? limit, int usual, int most) => limit switch
    {
        null => usual,
        >= 1 when limit <= most => limit.Value,
        _ => throw Bad("invalid_value", $"'limit' is {limit}; it must be from 1 to {most}.", "limit"),
    };

    /// <summary>400: the request cannot be done as it is.</summary>
    public static HttpFaultException Bad(string code, string message, string? param) => HttpFaultException.BadRequest(code, message, "", param);

    public static HttpFaultException NoFile(string id, string param = "file_id") => new(StatusCodes.Status404NotFound, new Contracts.Fault("file_not_found", $"No such file: '{Shown(id)}'.", "", param));

    public static HttpFaultException NoJob(string id) => new(StatusCodes.Status404NotFound, new Contracts.Fault("fine_tune_not_found", $"Could not find fine tune: '{Shown(id)}'.", "", "fine_tune_id"));

    public static HttpFaultException NoModel(string id) => new(StatusCodes.Status404NotFound, new Contracts.Fault("model_not_found", $"The model '{Shown(id)}' does not exist or you do not have access to it.", "", "model"));

    /// <summary>As much of what was sent as is of use in a message.</summary>
    public static string Shown(string text)
    {
        var clean = Hosting.Processes.PlainText.Clean(text);
        return clean.Length <= 200 ? clean : string.Concat(clean.AsSpan(0, 200), "…");
    }
}
