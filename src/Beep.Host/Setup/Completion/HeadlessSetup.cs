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
    /// <param name="variable">Of the environment.</param>
    /// <param name="admin">The first administrator.</param>
    /// <param name="actor">Whoever wants it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="wanted">Settings to write besides; the environment's stay as they are.</param>
    /// <param name="cancellationToken">Ends the wait for another setup of this home.</param>
    /// <exception cref="FaultException">The settings or the administrator cannot be used; every fault.</exception>
    public static async Task<bool> TryCompleteAsync(Func<string, string?> variable, AdminDraft admin, AuditActor actor, TimeProvider time, IReadOnlyDictionary<SettingKey, string?> wanted, CancellationToken cancellationToken)
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

        var settings = SettingsOf(configuration.Options, wanted.Where(pair => !new FixedSettings(variable).Has(pair.Key)));
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
    private static ChoiceSettings SettingsOf(HostOptions options, IEnumerable<KeyValuePair<SettingKey, string?>> wanted)
    {
        var changes = wanted.ToDictionary();
        if (options.SecretKey is not null)
        {
            return new ChoiceSettings(changes, options, options.Database!);
        }

        var secret = ChoiceSettings.MakeSecretKey();
        changes[SettingKeys.SecretKey] = secret;
        return new ChoiceSettings(changes, options with { SecretKey = new(secret) }, options.Database!);
    }
}
