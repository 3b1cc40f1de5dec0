namespace Beep.Host.Hosting.Access;

/// <summary>How endpoints say who may call them; one that says nothing is refused to everybody.</summary>
internal static class AccessEndpoints
{
    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, string permission) where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(new RequirePermissionAttribute(permission));

    public static TBuilder RequireSignedIn<TBuilder>(this TBuilder builder) where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(new RequireSignedInAttribute());

    public static TBuilder RequireElevation<TBuilder>(this TBuilder builder, bool allowsTokens = false) where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(new RequireElevationAttribute(allowsTokens));
}
