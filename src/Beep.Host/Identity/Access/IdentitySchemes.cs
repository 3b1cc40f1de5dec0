namespace Beep.Host.Identity.Access;

/// <summary>How callers prove who they are.</summary>
internal static class IdentitySchemes
{
    /// <summary>Chooses one of the others by whether there is an Authorization header, and never tries the next.</summary>
    public const string Any = "beep";

    /// <summary>Browsers: a cookie.</summary>
    public const string Session = "beep-session";

    /// <summary>Programs: Authorization: Bearer.</summary>
    public const string Token = "beep-token";
}
