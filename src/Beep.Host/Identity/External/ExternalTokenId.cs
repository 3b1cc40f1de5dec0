using System.Globalization;

namespace Beep.Host.Identity.External;

/// <summary>
/// What rates, the audit log and what stays open know an access token of the provider by: whose it is and until when. It opens nothing.
/// No row of ours stands for such a token, so that all there is to ask of it later is in its name.
/// </summary>
internal sealed record ExternalTokenId(long UserId, DateTimeOffset ExpiresAt)
{
    private const string Prefix = "jwt-";

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{UserId}-{ExpiresAt.ToUnixTimeSeconds()}");

    /// <summary>Null where it is the name of a token of our own.</summary>
    public static ExternalTokenId? Read(string id) =>
        id.StartsWith(Prefix, StringComparison.Ordinal) && id[Prefix.Length..].Split('-') is [var user, var expires]
        && long.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out var userId) && long.TryParse(expires, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? new ExternalTokenId(userId, DateTimeOffset.FromUnixTimeSeconds(seconds))
            : null;
}
