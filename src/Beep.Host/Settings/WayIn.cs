using Beep.Contracts;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.External;

namespace Beep.Host.Settings;

/// <summary>
/// Sees to it that no change of settings takes the last way in away. Users of this server are switched off only while an Admin is signed in
/// with the provider, by the very settings that will hold then; and while they are off, the provider is not exchanged for another.
/// </summary>
internal sealed class WayIn(ExternalAccounts accounts)
{
    // What decides which provider it is, and who we are there.
    private static readonly SettingKey[] Provider = [SettingKeys.IdentityServer, SettingKeys.Authority, SettingKeys.ClientId];

    // What a sign-in depends on besides.
    private static readonly SettingKey[] Tried = [.. Provider, SettingKeys.ClientSecret, SettingKeys.Scopes, SettingKeys.RoleMap, SettingKeys.Unmapped, SettingKeys.PublicUrl];

    /// <param name="running">The settings of this start.</param>
    /// <param name="after">Those of the next one.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HttpFaultException">Nobody might be able to sign in.</exception>
    public async Task RequireAsync(IReadOnlyDictionary<string, string> running, IReadOnlyDictionary<string, string?> after, CancellationToken cancellationToken)
    {
        if (!IsOff(after.GetValueOrDefault(SettingKeys.InternalUsers.Name)))
        {
            return;
        }

        var wasOff = IsOff(running.GetValueOrDefault(SettingKeys.InternalUsers.Name));
        if ((wasOff ? Provider : Tried).FirstOrDefault(key => Of(key, running.GetValueOrDefault(key.Name)) != Of(key, after.GetValueOrDefault(key.Name))) is { } changed)
        {
            throw Untested(
                $"Nobody has signed in yet with {changed.Name} as it would be, and without users of this server a mistake in it would lock everybody out.",
                wasOff
                    ? "Switch users of this server on and restart; then change it, restart, sign in with the provider as an Admin, and switch them off again."
                    : "Restart the server with it first, sign in with the provider as an Admin, then switch users of this server off.",
                changed);
        }

        if (!wasOff && !await accounts.HasAdminAsync(cancellationToken))
        {
            throw Untested(
                "Without users of this server, a provider that was never tried would lock everybody out.",
                "Sign in with the provider as somebody who is an Admin here by IDENTITYSERVER_ROLE_MAP, or link an Admin on the profile page and sign in with that account; stay signed in and switch it off.",
                SettingKeys.InternalUsers);
        }
    }

    private static bool IsOff(string? value) => string.Equals(value, "false", StringComparison.OrdinalIgnoreCase);

    private static string? Of(SettingKey key, string? value) => string.IsNullOrEmpty(value) ? key.Default : value;

    private static HttpFaultException Untested(string message, string remedy, SettingKey key) => new(StatusCodes.Status409Conflict, new Fault("sign_in_untested", message, remedy, key.Name));
}
