using Beep.Contracts;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Setup.Pages;

/// <summary>The steps in their order, and at which of them a fault can be mended.</summary>
internal static class SetupSteps
{
    public const int Database = 0;
    public const int Admin = 1;
    public const int SignIn = 2;
    public const int Keys = 3;
    public const int Areas = 4;
    public const int Review = 5;

    public static readonly IReadOnlyList<(string Name, string Title)> All =
    [
        ("database", "Database"), ("admin", "First administrator"), ("sign_in", "Sign-in"), ("keys", "Keys and sessions"), ("areas", "Areas"), ("review", "Review"),
    ];

    public static int Of(Fault fault)
    {
        var where = fault.Where ?? "";
        return where switch
        {
            _ when Begins("database.") || where == SettingKeys.Database.Name => Database,
            _ when Begins("admin.") => Admin,
            _ when Begins("sign_in.") || Begins("IDENTITYSERVER_") || where == SettingKeys.IdentityServer.Name => SignIn,
            _ when where == SettingKeys.SecretKey.Name || where == SettingKeys.PublicUrl.Name || where == SettingKeys.Host.Name || where == SettingKeys.Port.Name => Keys,
            _ when Begins("areas.") || where == SettingKeys.Finetune.Name || where == SettingKeys.InternalUsers.Name => Areas,
            _ => Review,
        };

        bool Begins(string prefix) => where.StartsWith(prefix, StringComparison.Ordinal);
    }
}
