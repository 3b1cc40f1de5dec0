using Beep.Contracts;

namespace Beep.Host.Hosting.Settings;

/// <summary>The settings with everything that is wrong with them.</summary>
internal sealed record HostConfiguration(HostOptions Options, IReadOnlyList<Fault> Faults)
{
    /// <summary>What is set, by name and as it is written: secrets among it.</summary>
    public IReadOnlyDictionary<string, string> Values { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads and checks everything; stops at nothing but a home that cannot be named.</summary>
    /// <exception cref="FaultException">There is no home.</exception>
    public static HostConfiguration Load(HostSurroundings surroundings)
    {
        var paths = HostPaths.FromEnvironment(surroundings.Variable);
        var faults = new List<Fault>();
        var values = new SettingsReader(surroundings.Variable, paths, faults).Read();
        var options = new HostOptionsReader(values, paths, faults).Read();
        faults.AddRange(HostOptionsValidator.Validate(options, surroundings.Runtime));
        return new HostConfiguration(options, faults) { Values = values };
    }

    /// <summary>The options, for a server: every fault counts.</summary>
    /// <exception cref="FaultException">Something is wrong.</exception>
    public HostOptions Require() => Faults.Count == 0 ? Options : throw new FaultException(WorkerExitCode.Invalid, Faults);

    /// <summary>The database's address, for a command that needs nothing else.</summary>
    /// <exception cref="FaultException">The address or the file of settings is wrong.</exception>
    public DatabaseAddress RequireDatabase()
    {
        var files = Options.Paths.Configuration;
        var ours = Faults.Where(fault => fault.Where == files || fault.Where?.StartsWith(SettingKeys.Database.Name, StringComparison.Ordinal) == true).ToList();
        return ours.Count == 0 ? Options.Database! : throw new FaultException(WorkerExitCode.Invalid, ours);
    }
}
