using System.Text;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Cli.Serving;
using Beep.Host.Data;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity;
using Beep.Host.Identity.Passwords;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.SignIn;
using Beep.Host.Identity.Users;
using Beep.Host.Setup.Completion;

namespace Beep.Host.Cli.Databases;

/// <summary>What the subcommands of <c>beep admin</c> do.</summary>
internal static class AdminActions
{
    private const string PasswordVariable = "BEEP_ADMIN_PASSWORD";
    private const int MaxPasswordBytes = 4096;

    /// <summary>The first one sets the host up; further ones stand beside it.</summary>
    public static async Task<int> CreateAsync(HostServices services, Reporter reporter, string name, string? email, string? passwordFile, CancellationToken cancellationToken)
    {
        var given = ReadPassword(services, passwordFile);
        var draft = new AdminDraft(name, given ?? PasswordService.Generate()) { Email = email };
        var shown = given is null ? draft.Password : null;
        if (await HeadlessSetup.TryCompleteAsync(services.Variable, draft, AuditActors.CommandLine, services.Time, new Dictionary<SettingKey, string?>(), cancellationToken).ConfigureAwait(false))
        {
            reporter.Say($"This host is set up. '{name}' is its first {SystemRoles.Admin}.");
            var exitCode = Finish(reporter, name, shown);
            reporter.Say($"Start it: {CommandLineText.Call("serve")}");
            return exitCode;
        }

        return await IdentityTools.RunAsync(services, reporter, async tools =>
        {
            var context = tools.Get<HostDatabase>().CreateContext();
            await using var _ = context.ConfigureAwait(false);
            var transaction = await context.Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using var __ = transaction.ConfigureAwait(false);
            await tools.Get<AdminBootstrap>().CreateAdminAsync(context, draft, AuditActors.CommandLine, cancellationToken).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            reporter.Say($"'{name}' is an {SystemRoles.Admin} now.");
            return Finish(reporter, name, shown);
        }, cancellationToken).ConfigureAwait(false);
    }

    public static Task<int> ResetPasswordAsync(HostServices services, Reporter reporter, string name, string? passwordFile, CancellationToken cancellationToken)
    {
        var given = ReadPassword(services, passwordFile);
        return IdentityTools.RunAsync(services, reporter, async tools =>
        {
            var users = tools.Get<UserService>();
            var user = await users.FindByNameAsync(name, cancellationToken).ConfigureAwait(false) ?? throw NoUser(name);
            var reset = await users.ResetPasswordAsync(Grantor.CommandLine, user.Id, given, cancellationToken).ConfigureAwait(false);
            reporter.Say($"'{user.UserName}' has another password; a server that runs ends the user's sessions within a minute.");
            return Finish(reporter, user.UserName, reset.TemporaryPassword);
        }, cancellationToken);
    }

    public static Task<int> BreakGlassAsync(HostServices services, Reporter reporter, string? name, CancellationToken cancellationToken) => IdentityTools.RunAsync(services, reporter, async tools =>
    {
        var (id, userName) = await AdminLinks.FindAdminAsync(tools.Get<HostDatabase>(), name, cancellationToken).ConfigureAwait(false);
        var token = await tools.Get<SignInLinkService>().CreateAsync(id, AdminLinks.Lifetime, AuditActors.CommandLine, "break_glass_link_created", cancellationToken).ConfigureAwait(false);
        var link = AdminLinks.Of(tools.Options.PublicUrl ?? await ServerMark.FindAsync(tools.Options.Paths, cancellationToken).ConfigureAwait(false) ?? Listening.AddressOf(tools.Options), token);
        reporter.Say($"This signs '{userName}' in, once, within {AdminLinks.Lifetime.TotalMinutes} minutes. Give it to nobody.");
        reporter.Say(link);
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["username"] = userName, ["link"] = link });
    }, cancellationToken);

    private static int Finish(Reporter reporter, string name, string? generated)
    {
        reporter.Say(generated is null ? "The password must be changed at the next sign-in." : $"Password, shown only here and to be changed at the next sign-in: {generated}");
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["username"] = name, ["password"] = generated });
    }

    /// <summary>Null when none is given.</summary>
    private static string? ReadPassword(HostServices services, string? file)
    {
        file ??= services.Variable(PasswordVariable + SettingKey.FileSuffix) is { Length: > 0 } named ? named : null;
        if (file is null)
        {
            return services.Variable(PasswordVariable) is { Length: > 0 } given ? given : null;
        }

        try
        {
            if (new FileInfo(file).Length > MaxPasswordBytes)
            {
                throw new IOException($"It is larger than {MaxPasswordBytes} bytes.");
            }

            return File.ReadAllText(file, Encoding.UTF8).TrimEnd('\r', '\n');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Invalid("bad_password_file", $"The file '{file}' cannot be read: {error.Message}", "Name a file that holds the password and that this user may read.", file, error);
        }
    }

    private static FaultException NoUser(string name) => FaultException.Invalid("no_user", $"There is no user '{name}'.", "Check the name.", "USER");
}
