using System.Text.Json.Serialization;
using Beep.Contracts;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Monitoring;

/// <summary>What a load balancer or a service manager asks; open to everybody, and tells nothing but yes or no.</summary>
internal static class HealthEndpoints
{
    public const string Live = "/health/live";
    public const string Ready = "/health/ready";

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapLiveness();
        routes.MapGet(Ready, AnswerReadyAsync).AllowAnonymous().WithName("ready").WithSummary("Whether the database can be asked.").WithTags("health");
        routes.MapGet("/api/v1/health", AnswerReadyAsync).AllowAnonymous().WithName("health").WithSummary("As /health/ready.").WithTags("health");
    }

    public static void MapLiveness(this IEndpointRouteBuilder routes) =>
        routes.MapGet(Live, AnswerLive).AllowAnonymous().WithName("live").WithSummary("Whether the process answers.").WithTags("health");

    private static Ok<HealthAnswer> AnswerLive() => TypedResults.Ok(new HealthAnswer("ok"));

    /// <summary>What else is away is told and makes nothing unready: those who are signed in go on.</summary>
    private static async Task<Ok<HealthAnswer>> AnswerReadyAsync(Readiness readiness, IEnumerable<IHealthPart> parts, CancellationToken cancellationToken)
    {
        if (!await readiness.ProbeAsync(cancellationToken))
        {
            throw Unavailable();
        }

        Dictionary<string, string>? faults = null;
        foreach (var part in parts)
        {
            if (await part.FindFaultAsync(cancellationToken) is { } fault)
            {
                (faults ??= [])[part.Name] = fault;
            }
        }

        return TypedResults.Ok(new HealthAnswer(faults is null ? "ok" : "degraded") { Faults = faults });
    }

    private static HttpFaultException Unavailable() =>
        new HttpFaultException(StatusCodes.Status503ServiceUnavailable, new Fault("database_unavailable", "The database cannot be asked.", "Start it; the server goes on by itself."));
}

/// <summary>Whether it is well.</summary>
/// <param name="Status"><c>ok</c>, or <c>degraded</c> while something that it needs is away.</param>
internal sealed record HealthAnswer(string Status)
{
    /// <summary>What is away, each with a word for the reason; absent when nothing is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Faults { get; init; }
}
