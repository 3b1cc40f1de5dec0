using System.Globalization;
using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Beep.Host.Identity.External.Flow;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.Tokens;

namespace Beep.Host.Identity.Access;

/// <summary>Makes principals; nothing else does. What comes from outside cannot add to what our own tables say.</summary>
internal static class PrincipalFactory
{
    private static readonly HashSet<string> Ours =
    [
        ClaimNames.UserId, ClaimNames.UserName, ClaimNames.Permission, ClaimNames.Role, ClaimNames.SessionId, ClaimNames.TokenId,
        ClaimNames.ElevatedUntil, ClaimNames.SignedInBy, ClaimNames.MustChangePassword,
    ];

    /// <summary>Of a browser: all that the user holds, and what the ticket says beyond that.</summary>
    public static ClaimsPrincipal OfSession(Standing standing, Session session, string method, IEnumerable<Claim> others)
    {
        var claims = Common(standing, standing.Permissions, usesPassword: method != ExternalSignIn.Method);
        claims.Add(new Claim(ClaimNames.SessionId, session.Id));
        claims.Add(new Claim(ClaimNames.SignedInBy, method));
        if (session.ElevatedUntilAt is { } until)
        {
            claims.Add(new Claim(ClaimNames.ElevatedUntil, until.UtcTicks.ToString(CultureInfo.InvariantCulture)));
        }

        claims.AddRange(others.Where(claim => !Ours.Contains(claim.Type)).Select(claim => new Claim(claim.Type, claim.Value, claim.ValueType, claim.Issuer)));
        return Create(claims, IdentitySchemes.Session);
    }

    /// <summary>Of a program: what the token was given and its owner still holds.</summary>
    public static ClaimsPrincipal OfToken(Standing standing, ApiToken token)
    {
        var claims = Common(standing, token.Scopes.Where(standing.Permissions.Contains), usesPassword: true);
        claims.Add(new Claim(ClaimNames.TokenId, token.PublicId));
        return Create(claims, IdentitySchemes.Token);
    }

    /// <summary>Of a program with an access token of the provider: all that the user holds, and no way to show a password.</summary>
    /// <param name="standing">The user.</param>
    /// <param name="name">What rates and the audit log know the token by; it opens nothing.</param>
    public static ClaimsPrincipal OfExternalToken(Standing standing, string name)
    {
        var claims = Common(standing, standing.Permissions, usesPassword: false);
        claims.Add(new Claim(ClaimNames.TokenId, name));
        return Create(claims, IdentitySchemes.Token);
    }

    /// <summary>What a sign-in hands to the session scheme, which reads the rest itself.</summary>
    public static ClaimsPrincipal OfSignIn(long userId, params IEnumerable<Claim> others) =>
        Create([new Claim(ClaimNames.UserId, userId.ToString(CultureInfo.InvariantCulture)), .. others.Where(claim => !Ours.Contains(claim.Type))], IdentitySchemes.Session);

    /// <param name="standing">The user.</param>
    /// <param name="permissions">Those that the caller has.</param>
    /// <param name="usesPassword">Whether a password of ours stands behind the call: who comes from the provider has none to change first.</param>
    private static List<Claim> Common(Standing standing, IEnumerable<string> permissions, bool usesPassword)
    {
        List<Claim> claims =
        [
            new(ClaimNames.UserId, standing.User.Id.ToString(CultureInfo.InvariantCulture)),
            new(ClaimNames.UserName, standing.User.UserName!),
            .. standing.Roles.Select(role => new Claim(ClaimNames.Role, role)),
            .. permissions.Select(permission => new Claim(ClaimNames.Permission, permission)),
        ];
        if (usesPassword && standing.User.MustChangePassword)
        {
            claims.Add(new Claim(ClaimNames.MustChangePassword, "true"));
        }

        return claims;
    }

    private static ClaimsPrincipal Create(IEnumerable<Claim> claims, string scheme) => new(new ClaimsIdentity(claims, scheme, ClaimNames.UserName, ClaimNames.Role));
}
