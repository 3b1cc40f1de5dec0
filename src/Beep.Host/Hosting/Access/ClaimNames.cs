namespace Beep.Host.Hosting.Access;

/// <summary>The claims of a principal of ours, whichever way it signed in.</summary>
internal static class ClaimNames
{
    /// <summary>The id of the user, a number.</summary>
    public const string UserId = "sub";

    public const string UserName = "name";

    /// <summary>One for every permission that is held now.</summary>
    public const string Permission = "permission";

    /// <summary>One for every role, by its name.</summary>
    public const string Role = "role";

    /// <summary>The public id of the session.</summary>
    public const string SessionId = "sid";

    /// <summary>The public id of the API token, where the caller is a program.</summary>
    public const string TokenId = "token_id";

    /// <summary>Until when the caller counts as freshly signed in: ticks of UTC.</summary>
    public const string ElevatedUntil = "elevated_until";

    /// <summary>How the session began: <c>password</c>, <c>link</c>.</summary>
    public const string SignedInBy = "signed_in_by";

    /// <summary>Set while the password must be changed before anything else.</summary>
    public const string MustChangePassword = "must_change_password";
}
