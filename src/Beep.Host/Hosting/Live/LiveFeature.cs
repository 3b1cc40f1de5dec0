using Beep.Host.Hosting.Access;

namespace Beep.Host.Hosting.Live;

/// <summary>The hub and what it needs.</summary>
internal static class LiveFeature
{
    private const int LargestMessage = 32 << 10;

    public static IServiceCollection AddLive(this IServiceCollection services)
    {
        services.AddSignalR(options => options.MaximumReceiveMessageSize = LargestMessage);
        return services;
    }

    public static void MapLive(this IEndpointRouteBuilder routes) => routes.MapHub<LiveHub>("/hubs/live", options =>
    {
        options.CloseOnAuthenticationExpiration = true;
        options.ApplicationMaxBufferSize = LargestMessage;
    }).RequireSignedIn();
}
