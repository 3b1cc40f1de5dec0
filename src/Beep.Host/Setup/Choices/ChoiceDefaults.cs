using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Setup.Choices;

/// <summary>The answers that a setup begins with: what is set already, else what suits most.</summary>
internal static class ChoiceDefaults
{
    public static SetupChoices Of(HostOptions options, SettingsFile file, FixedSettings given)
    {
        var isFirst = file.Read() is null;
        return new SetupChoices
        {
            Database = Database(options),
            SignIn = new SignInChoice
            {
                IdentityServer = options.EnableIdentityServer,
                Authority = options.IdentityServer.Authority?.OriginalString,
                ClientId = options.IdentityServer.ClientId,
                Scopes = string.Join(' ', options.IdentityServer.Scopes),
                RoleMap = options.IdentityServer.RoleMap.Count > 0 ? string.Join(", ", options.IdentityServer.RoleMap.Select(pair => $"{pair.Key}={pair.Value}")) : null,
                LogoutRedirect = options.IdentityServer.LogoutRedirect?.OriginalString,
            },
            Keys = new KeysChoice { PublicUrl = options.PublicUrl?.OriginalString },
            Areas = new AreasChoice
            {
                // Off unless asked for is the default of a server; whoever sets one up by hand came for this.
                EnableFinetune = options.EnableFinetune || (isFirst && !given.Has(SettingKeys.Finetune)),
                EnableInternalUserMgmt = options.EnableInternalUsers,
            },
        };
    }

    private static DatabaseChoice Database(HostOptions options) => options.Database switch
    {
        SqliteAddress file when Path.GetDirectoryName(file.Path) == options.Paths.Home => new DatabaseChoice { File = Path.GetFileName(file.Path) },
        PostgresAddress server => new DatabaseChoice { Provider = DatabaseProvider.Postgresql, Host = server.Host, Port = server.Port, Database = server.Database, User = server.User, Encryption = server.Encryption },
        _ => new DatabaseChoice(),
    };
}
