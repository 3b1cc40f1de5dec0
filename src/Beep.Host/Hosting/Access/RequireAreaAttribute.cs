using Beep.Host.Hosting.Settings;

namespace Beep.Host.Hosting.Access;

/// <summary>What a setting can switch off whole.</summary>
internal enum Area
{
    Finetune = 1,
    InternalUsers = 2,
    IdentityServer = 3,
}

/// <summary>On a page: where the area is switched off there is no such page, for nobody.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class RequireAreaAttribute(Area area) : Attribute
{
    public bool IsOn(HostOptions options) => area switch
    {
        Area.Finetune => options.EnableFinetune,
        Area.InternalUsers => options.EnableInternalUsers,
        Area.IdentityServer => options.EnableIdentityServer,
    };
}

/// <summary>Answers for switched-off pages as for pages that never were.</summary>
internal static class AreaGate
{
    /// <summary>After routing, before it is asked who calls.</summary>
    public static IApplicationBuilder UseAreas(this IApplicationBuilder app, HostOptions options) => app.Use((context, next) =>
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RequireAreaAttribute>()?.IsOn(options) == false)
        {
            context.SetEndpoint(null);
        }

        return next(context);
    });
}
