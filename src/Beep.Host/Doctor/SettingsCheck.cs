using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Doctor;

/// <summary>What would stop a server from starting: its settings and its database.</summary>
internal static class SettingsCheck
{
    private const string Name = "Settings";
    private const string DatabaseName = "Database";

    public static async Task<IReadOnlyList<DoctorFinding>> RunAsync(HostConfiguration configuration, TimeProvider time, CancellationToken cancellationToken)
    {
        var findings = configuration.Faults.Select(fault => DoctorFinding.Fail(Name, fault.Message.TrimEnd('.'), fault.Remedy)).ToList();
        if (findings.Count == 0)
        {
            findings.Add(DoctorFinding.Ok(Name, "nothing is wrong with them"));
        }

        if (configuration.Options.Database is { } address)
        {
            findings.Add(await DatabaseAsync(new HostDatabase(address), configuration.Options.EnableFinetune, time, cancellationToken).ConfigureAwait(false));
        }

        return findings;
    }

    private static async Task<DoctorFinding> DatabaseAsync(HostDatabase database, bool hasFineTune, TimeProvider time, CancellationToken cancellationToken)
    {
        var name = database.Address.Display;
        try
        {
            var state = await new DatabaseMigrator(database, time).ReadStateAsync(cancellationToken).ConfigureAwait(false);
            if (hasFineTune)
            {
                state = state.With(await new DatabaseMigrator(new FineTuneDatabase(database.Address), time).ReadStateAsync(cancellationToken).ConfigureAwait(false), isWanted: true);
            }

            return state switch
            {
                { Unknown.Count: > 0 } => DoctorFinding.Fail(DatabaseName, $"a later version of beep has changed the {name}", "Use that version, or restore the backup made before it."),
                { Exists: false } => DoctorFinding.Ok(DatabaseName, $"the {name} is not made yet; only a server needs it"),
                { Pending.Count: > 0 and var count } => DoctorFinding.Warn(DatabaseName, $"the {name} lacks {count} migrations", "Run beep db migrate."),
                _ => DoctorFinding.Ok(DatabaseName, $"the {name} is current"),
            };
        }
        catch (FaultException error)
        {
            return DoctorFinding.Fail(DatabaseName, error.Faults[0].Message.TrimEnd('.'), error.Faults[0].Remedy);
        }
    }
}
