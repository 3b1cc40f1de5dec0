using Microsoft.AspNetCore.Authorization;

namespace Beep.Host.Hosting.Access;

/// <summary>On an endpoint, a page or a hub method: only who holds the permission gets in.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class RequirePermissionAttribute(string permission) : AuthorizeAttribute, IAuthorizationRequirementData
{
    public string Permission => permission;

    public IEnumerable<IAuthorizationRequirement> GetRequirements() => [new PermissionRequirement(permission)];
}

/// <summary>On an endpoint, a page or a hub method that is for everybody who is signed in: about themselves, or checked for each object.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class RequireSignedInAttribute : AuthorizeAttribute;

/// <summary>On an endpoint that only a person may use who has shown the password again within the last minutes; no token passes unless that is said.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class RequireElevationAttribute(bool allowsTokens = false) : AuthorizeAttribute, IAuthorizationRequirementData
{
    public bool AllowsTokens => allowsTokens;

    public IEnumerable<IAuthorizationRequirement> GetRequirements() => [new ElevationRequirement(allowsTokens)];
}

/// <summary>That the caller holds a permission.</summary>
internal sealed record PermissionRequirement(string Permission) : IAuthorizationRequirement;

/// <summary>That the caller has signed in afresh.</summary>
/// <param name="AllowsTokens">Whether an API token passes, which cannot sign in afresh.</param>
internal sealed record ElevationRequirement(bool AllowsTokens = false) : IAuthorizationRequirement;
