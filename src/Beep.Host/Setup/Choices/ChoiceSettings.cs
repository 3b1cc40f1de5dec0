using System.Security.Cryptography;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Setup.Choices;

/// <summary>Choices as settings: what is to be written, and the options that a server would then start with.</summary>
internal sealed record ChoiceSettings(IReadOnlyDictionary<SettingKey, string?> Changes, HostOptions Options, DatabaseAddress Database)
{
    private const int SecretBytes = 48;

    /// <summary>Whether the provider alone is to sign people in, once it has been tried.</summary>
    public bool WantsProviderAlone { get; init; }

    /// <summary>384 random bits: no choice of ours or of anybody is in it.</summary>
    public static string MakeSecretKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>The settings, or everything that is wrong with them.</summary>
    public static (ChoiceSettings? Settings, IReadOnlyList<Fault> Faults) Of(SetupChoices choices, HostPaths paths, Func<string, string?> variable)
    {
        var given = new FixedSettings(variable);
        var faults = new List<Fault>();
        var values = new SettingsReader(variable, paths, faults).Read();
        var changes = Wanted(choices, values, given, paths, faults);
        foreach (var (key, value) in changes)
        {
            if (value is null)
            {
                values.Remove(key.Name);
            }
            else
            {
                values[key.Name] = value;
            }
        }

        var options = new HostOptionsReader(values, paths, faults).Read();
        faults.AddRange(HostOptionsValidator.Validate(options, Environment.Version));
        if (!choices.Areas.EnableInternalUserMgmt && !given.Has(SettingKeys.InternalUsers))
        {
            faults.RemoveAll(fault => fault.Where == SettingKeys.InternalUsers.Name);
            faults.Add(new Fault("locks_out", $"Without {SettingKeys.InternalUsers.Name} only the provider signs people in, and nobody has signed in with it yet.", "Leave it on, and choose sign_in.provider_alone: it is turned off on the settings page, once an administrator has signed in with the provider.", SettingKeys.InternalUsers.Name));
        }

        return faults.Count == 0 ? (new ChoiceSettings(changes, options, options.Database!) { WantsProviderAlone = options.EnableIdentityServer && options.EnableInternalUsers && choices.SignIn.ProviderAlone }, []) : (null, [.. faults.Distinct()]);
    }

    private static Dictionary<SettingKey, string?> Wanted(SetupChoices choices, Dictionary<string, string> values, FixedSettings given, HostPaths paths, List<Fault> faults)
    {
        var signIn = choices.SignIn;
        var wanted = new Dictionary<SettingKey, string?>
        {
            [SettingKeys.Finetune] = Text(choices.Areas.EnableFinetune),
            [SettingKeys.InternalUsers] = Text(choices.Areas.EnableInternalUserMgmt),
            [SettingKeys.IdentityServer] = Text(signIn.IdentityServer),
            [SettingKeys.PublicUrl] = Text(choices.Keys.PublicUrl),
            [SettingKeys.SecretKey] = Text(choices.Keys.SecretKey) ?? values.GetValueOrDefault(SettingKeys.SecretKey.Name) ?? MakeSecretKey(),
        };
        if (signIn.IdentityServer)
        {
            wanted[SettingKeys.Authority] = Text(signIn.Authority);
            wanted[SettingKeys.ClientId] = Text(signIn.ClientId);
            wanted[SettingKeys.ClientSecret] = Text(signIn.ClientSecret) ?? values.GetValueOrDefault(SettingKeys.ClientSecret.Name);
            wanted[SettingKeys.Scopes] = Text(signIn.Scopes);
            wanted[SettingKeys.RoleMap] = Text(signIn.RoleMap) ?? values.GetValueOrDefault(SettingKeys.RoleMap.Name);
            wanted[SettingKeys.LogoutRedirect] = Text(signIn.LogoutRedirect);
        }

        if (!given.Has(SettingKeys.Database))
        {
            try
            {
                wanted[SettingKeys.Database] = choices.Database.Resolve(paths).Url;
            }
            catch (FaultException error)
            {
                faults.AddRange(error.Faults);
            }
        }

        return wanted.Where(pair => !given.Has(pair.Key)).ToDictionary(pair => pair.Key, pair => pair.Value);
    }

    private static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();

    private static string Text(bool value) => value ? "true" : "false";
}
