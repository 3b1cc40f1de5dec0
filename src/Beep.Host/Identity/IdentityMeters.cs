using System.Diagnostics.Metrics;

namespace Beep.Host.Identity;

/// <summary>What is counted: sign-ins by how they ended, sessions and why they were ended, demands of the provider to end some, and how long passwords wait for their turn.</summary>
internal sealed class IdentityMeters
{
    public const string Name = "Beep.Identity";

    private readonly Counter<long> _signIns;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _logouts;
    private readonly Histogram<double> _hashWait;
    private long _sessions;

    public IdentityMeters(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _signIns = meter.CreateCounter<long>("sign_ins", description: "Sign-ins by outcome.");
        _ended = meter.CreateCounter<long>("sessions_ended", description: "Sessions that somebody or the provider has ended, by reason.");
        _logouts = meter.CreateCounter<long>("provider_logouts", description: "Logout tokens of the provider by outcome.");
        _hashWait = meter.CreateHistogram<double>("hash_wait", "s", "How long a password waited to be hashed.");
        meter.CreateObservableGauge("active_sessions", () => Interlocked.Read(ref _sessions), description: "Sessions that have not ended, as last counted.");
    }

    public void SignedIn(string outcome) => _signIns.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void SessionEnded(string reason) => _ended.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void LoggedOut(string outcome) => _logouts.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void HashWaited(TimeSpan wait) => _hashWait.Record(wait.TotalSeconds);

    public void CountSessions(long sessions) => Interlocked.Exchange(ref _sessions, sessions);
}
