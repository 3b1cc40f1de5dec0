using Beep.Host.Data;

namespace Beep.Host.Monitoring;

/// <summary>Whether the server can answer: its database can be asked.</summary>
internal sealed class Readiness(HostDatabase database)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public async Task<bool> ProbeAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        try
        {
            return await context.Database.CanConnectAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
