using Microsoft.AspNetCore.Authentication;

namespace Beep.Host.Identity.Sessions;

/// <summary>What a sign-in says to the session store beside the principal.</summary>
internal static class SessionProperties
{
    public const string SignedOut = "signed_out";
    private const string Method = "beep.method";
    private const string Elevated = "beep.elevated";
    private const string Renewal = "beep.renewal";

    /// <summary>A new session: the method is a stable word for the audit log, <c>password</c>.</summary>
    public static AuthenticationProperties SignIn(string method, bool isElevated = false)
    {
        var properties = new AuthenticationProperties { IsPersistent = false };
        properties.Items[Method] = method;
        if (isElevated)
        {
            properties.Items[Elevated] = "1";
        }

        return properties;
    }

    /// <summary>The same session with a new secret; what it holds for others is kept.</summary>
    public static AuthenticationProperties Renew(AuthenticationProperties? current, bool isElevated)
    {
        var properties = current?.Clone() ?? new AuthenticationProperties();
        properties.Items[Renewal] = "1";
        properties.Items.Remove(Elevated);
        if (isElevated)
        {
            properties.Items[Elevated] = "1";
        }

        return properties;
    }

    public static string MethodOf(AuthenticationProperties properties) => properties.Items.TryGetValue(Method, out var method) && method is not null ? method : "external";

    public static bool IsElevated(AuthenticationProperties properties) => properties.Items.ContainsKey(Elevated);

    public static bool IsRenewal(AuthenticationProperties properties) => properties.Items.ContainsKey(Renewal);

    /// <summary>Leaves out what is only said once.</summary>
    public static void Settle(AuthenticationProperties properties)
    {
        properties.Items.Remove(Elevated);
        properties.Items.Remove(Renewal);
    }
}
