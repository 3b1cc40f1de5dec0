using Beep.Host.Hosting.Processes;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>What is known of the cluster.</summary>
/// <param name="Partitions">Those that jobs may choose; empty where nobody can say.</param>
/// <param name="Fault">Why nobody can say; null where the cluster answered.</param>
internal sealed record ClusterFacts(IReadOnlyList<SlurmPartition> Partitions, string? Fault);

/// <summary>Asks the cluster for its partitions, and not again for a while.</summary>
internal sealed class SlurmCluster(SlurmCommands commands, SlurmOptions options, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FreshFault = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private ClusterFacts? _known;
    private long _asked;

    public SlurmOptions Options => options;

    public async Task<ClusterFacts> ReadAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_known is { } known && time.GetElapsedTime(_asked) < (known.Fault is null ? Fresh : FreshFault))
            {
                return known;
            }

            var answer = await commands.PartitionsAsync(cancellationToken).ConfigureAwait(false);
            var found = answer.IsGood ? SlurmPartition.Parse(answer.Output).Where(partition => options.Partitions.Count == 0 || options.Partitions.Contains(partition.Name)).ToList() : [];
            (_known, _asked) = (new ClusterFacts(found, answer.IsGood ? null : SlurmCommands.Complaint(answer)), time.GetTimestamp());
            return _known;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What the commands say they are; null where they are not there.</summary>
    public async Task<string?> VersionAsync(CancellationToken cancellationToken) =>
        await commands.VersionAsync(cancellationToken).ConfigureAwait(false) is { IsGood: true } answer ? PlainText.Clean(answer.Output.Trim()) : null;

    public void Dispose() => _turn.Dispose();
}
