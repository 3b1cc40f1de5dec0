using System.CommandLine;
using Beep.Host.Cli.Databases;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep admin</c>: for whoever owns the machine, when nobody can sign in who could do it on a page.</summary>
internal static class AdminCommand
{
    private const string DefaultName = "admin";

    public static Command Create(HostServices services) => new("admin", "Makes an Admin, and lets one in again.")
    {
        CreateCreate(services), CreateReset(services), CreateBreakGlass(services), CreateRotate(services),
    };

    private static Command CreateCreate(HostServices services)
    {
        var name = new Option<string>("--username") { Description = $"What the Admin signs in with; '{DefaultName}' where none is named.", HelpName = "NAME", DefaultValueFactory = _ => DefaultName };
        var email = CommonOptions.Optional("--email", "The Admin's address.", "ADDRESS");
        var (file, json) = (PasswordFile(), CommonOptions.Json());
        var command = new Command("create", "Makes an Admin, who must change the password at the first sign-in.") { name, email, file, json };
        command.SetAction((result, cancellationToken) =>
            AdminActions.CreateAsync(services, ReporterOf(services, result, json), result.GetValue(name)!, result.GetValue(email), result.GetValue(file), cancellationToken));
        return command;
    }

    private static Command CreateReset(HostServices services)
    {
        var user = new Argument<string>("USER") { Description = "The user's name." };
        var (file, json) = (PasswordFile(), CommonOptions.Json());
        var command = new Command("reset-password", "Gives a user another password, to be changed at the next sign-in; the user's sessions and tokens end.") { user, file, json };
        command.SetAction((result, cancellationToken) =>
            AdminActions.ResetPasswordAsync(services, ReporterOf(services, result, json), result.GetValue(user)!, result.GetValue(file), cancellationToken));
        return command;
    }

    private static Command CreateBreakGlass(HostServices services)
    {
        var name = CommonOptions.Optional("--username", "Which Admin; the first active one where none is named.", "NAME");
        var json = CommonOptions.Json();
        var command = new Command("break-glass", "Prints a link that signs an Admin in once, within 15 minutes.") { name, json };
        command.SetAction((result, cancellationToken) => AdminActions.BreakGlassAsync(services, ReporterOf(services, result, json), result.GetValue(name), cancellationToken));
        return command;
    }

    private static Command CreateRotate(HostServices services)
    {
        var json = CommonOptions.Json();
        var command = new Command("rotate-keys", "Replaces the keys that protect sessions; everybody signs in again.") { json };
        command.SetAction((result, cancellationToken) => KeyActions.RotateAsync(services, ReporterOf(services, result, json), cancellationToken));
        return command;
    }

    private static Option<string?> PasswordFile() =>
        CommonOptions.Optional("--password-file", "A file with the password. Without it, BEEP_ADMIN_PASSWORD or BEEP_ADMIN_PASSWORD_FILE says it, or one is drawn and printed once.", "FILE");

    private static Reporter ReporterOf(HostServices services, ParseResult result, Option<bool> json) => new(services.Terminal, result.GetValue(json));
}
