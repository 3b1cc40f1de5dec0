using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Users;
using Beep.Host.Setup.Choices;
using Beep.Host.Setup.Drafts;
using Beep.Host.Setup.Records;

namespace Beep.Host.Setup.Completion;

/// <summary>A setup without pages: the settings are there already, and whoever runs the command line owns the machine.</summary>
internal static class HeadlessSetup
{
    /// <summary>Sets the host up with this first administrator; false, and nothing done, where it is set up already.</summary>
    /// <exception cref="FaultException">The settings or the administrator cannot be used; every fault.</exception>
    public static async Task<bool> TryCompleteAsync(Func<string, string?> variable, AdminDraft admin, AuditActor actor, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await IsSetUpAsync(variable, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        var configuration = HostConfiguration.Load(new HostSurroundings { Variable = variable });
        var faults = AdminRules.Check(new AdminChoice { Username = admin.UserName, DisplayName = admin.DisplayName, Email = admin.Email, Password = admin.Password });
        if (faults.Count + configuration.Faults.Count > 0)
        {
            throw new FaultException(WorkerExitCode.Invalid, [.. configuration.Faults, .. faults]);
        }

        var paths = configuration.Options.Paths;
        using var home = await HomeLock.TakeAsync(paths, time, cancellationToken).ConfigureAwait(false);
        if (await IsSetUpAsync(variable, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        var settings = SettingsOf(configuration.Options);
        var file = new SettingsFile(paths);
        if (settings.Changes.Count > 0)
        {
            file.Change(settings.Changes);
        }

        var drafts = new DraftStore(paths, time);
        await new FirstAdmin(settings, actor, time, _ => Task.CompletedTask).CreateAsync(admin, drafts.Load().Events, cancellationToken).ConfigureAwait(false);
        SetupLeftovers.Remove(paths, drafts);
        return true;
    }

    /// <summary>Whether the database that the settings name now is that of a host that is set up.</summary>
    public static Task<bool> IsSetUpAsync(Func<string, string?> variable, CancellationToken cancellationToken) =>
        SetupState.IsCompleteAsync(new HostDatabase(HostConfiguration.Load(new HostSurroundings { Variable = variable }).RequireDatabase()), cancellationToken);

    /// <summary>What is there, with a secret key of this host's own where none is.</summary>
    private static ChoiceSettings SettingsOf(HostOptions options)
    {
        if (options.SecretKey is not null)
        {
            return new ChoiceSettings(new Dictionary<SettingKey, string?>(), options, options.Database!);
        }

        var secret = ChoiceSettings.MakeSecretKey();
        return new ChoiceSettings(new Dictionary<SettingKey, string?> { [SettingKeys.SecretKey] = secret }, options with { SecretKey = new(secret) }, options.Database!);
    }
}
