using Beep.Host.Setup.Choices;
using Beep.Host.Setup.Completion;
using Beep.Host.Setup.Pages;
using Beep.Host.Setup.Probing;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Beep.Host.Setup.Http;

/// <summary>All that the server of the wizard answers, besides its assets and whether it lives.</summary>
internal static class SetupEndpoints
{
    public const string Page = "/setup";
    public const string SignIn = "/sign-in";
    private const long MostBytes = 64 * 1024;

    public static void MapSetup(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods(Page, [HttpMethods.Get, HttpMethods.Head], () => new RazorComponentResult<SetupApp>()).AllowAnonymous();
        routes.MapBlazorHub("/_blazor").AllowAnonymous();
        var api = routes.MapGroup(Page + "/api").AllowAnonymous().WithMetadata(new NeedsSetupToken(), new RequestSizeLimitAttribute(MostBytes));
        api.MapPost("/validate-db", ValidateDatabaseAsync);
        api.MapPost("/initialize", InitializeAsync);
    }

    private static async Task<Ok<DatabaseAnswer>> ValidateDatabaseAsync(DatabaseChoice choice, SetupProbes probes, SetupSurroundings setup, CancellationToken cancellationToken)
    {
        var result = await probes.TryDatabaseAsync(choice.Resolve(setup.Paths).Address, cancellationToken);
        return TypedResults.Ok(new DatabaseAnswer(result.Version, Math.Round(result.Latency.TotalMilliseconds, 1), result.IsTaken));
    }

    private static async Task<Ok<InitializedAnswer>> InitializeAsync(SetupChoices choices, SetupCompletion completion, HttpContext context, CancellationToken cancellationToken)
    {
        await completion.CompleteAsync(choices, FirstAdmin.Visitor(context.Connection.RemoteIpAddress?.ToString()), cancellationToken);
        return TypedResults.Ok(new InitializedAnswer("completed", SignIn));
    }
}

/// <summary>A database that answers.</summary>
/// <param name="Version">Its kind and version.</param>
/// <param name="LatencyMs">How long it took.</param>
/// <param name="IsTaken">Whether it belongs to a host that is set up, so that it cannot be chosen.</param>
internal sealed record DatabaseAnswer(string Version, double LatencyMs, bool IsTaken);

/// <summary>The host is set up.</summary>
/// <param name="Status"><c>completed</c>.</param>
/// <param name="SignIn">Where to go on, in a moment.</param>
internal sealed record InitializedAnswer(string Status, string SignIn);
