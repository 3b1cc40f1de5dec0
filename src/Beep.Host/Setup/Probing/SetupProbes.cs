using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Setup.Unlocking;

namespace Beep.Host.Setup.Probing;

/// <summary>The probes, each so many times a minute over all callers: this host is no tool to look around with.</summary>
/// <param name="time">The clock.</param>
/// <param name="patience">How long what is tried may take.</param>
internal sealed class SetupProbes(TimeProvider time, TimeSpan patience)
{
    /// <summary>How long somebody waits who sits in front of the page.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private const int PerMinute = 10;

    private readonly DatabaseProbe _database = new(time, patience);
    private readonly DiscoveryProbe _discovery = new(time, patience);
    private readonly SlidingLimit _databaseLimit = new(PerMinute, time);
    private readonly SlidingLimit _discoveryLimit = new(PerMinute, time);

    public Task<DatabaseProbeResult> TryDatabaseAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        Take(_databaseLimit, "Too many databases were tried.");
        return _database.TryAsync(address, cancellationToken);
    }

    public Task<DiscoveryProbeResult> TryDiscoveryAsync(string? authority, CancellationToken cancellationToken)
    {
        Take(_discoveryLimit, "Too many providers were tried.");
        return _discovery.TryAsync(authority, cancellationToken);
    }

    private static void Take(SlidingLimit limit, string message)
    {
        if (limit.Take() is { } wait)
        {
            throw HttpFaultException.TooMany(message, wait);
        }
    }
}
