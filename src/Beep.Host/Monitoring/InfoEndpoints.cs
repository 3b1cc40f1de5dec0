using System.Reflection;
using System.Runtime.InteropServices;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Settings;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Monitoring;

/// <summary>What this server is and runs on.</summary>
internal static class InfoEndpoints
{
    private static readonly string Version =
        typeof(InfoEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static void MapInfo(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/v1/info", ReadAsync).RequireSignedIn().WithName("info").WithSummary("The version, the areas that are on, and the machine.").WithTags("info");

    private static async Task<Ok<InfoAnswer>> ReadAsync(HostOptions options, MachineMonitor monitor, CancellationToken cancellationToken) =>
        TypedResults.Ok(new InfoAnswer
        {
            Version = Version,
            Runtime = Environment.Version.ToString(),
            Platform = RuntimeInformation.RuntimeIdentifier,
            Finetune = options.EnableFinetune,
            InternalUsers = options.EnableInternalUsers,
            IdentityServer = options.EnableIdentityServer,
            Machine = await monitor.ReadAsync(cancellationToken),
        });
}

/// <summary>What this server is.</summary>
internal sealed record InfoAnswer
{
    public required string Version { get; init; }

    public required string Runtime { get; init; }

    public required string Platform { get; init; }

    public required bool Finetune { get; init; }

    public required bool InternalUsers { get; init; }

    public required bool IdentityServer { get; init; }

    public required MachineReading Machine { get; init; }
}
