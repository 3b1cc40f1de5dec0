using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Environments.Making;

/// <summary>Removes when a server starts what killed ones left half made or half removed, and nothing that is worked on.</summary>
internal sealed partial class EnvironmentSweeper(HostDatabase database, EnvironmentFolders folders, ILogger<EnvironmentSweeper> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var id in folders.LeftIds())
            {
                if (!await IsNeededAsync(id, cancellationToken).ConfigureAwait(false))
                {
                    folders.DiscardIncoming(id);
                    folders.DiscardCondemned(id);
                    folders.DiscardGivenLock(id);
                }
            }
        }
        catch (Exception error) when (error is FaultException or IOException or UnauthorizedAccessException)
        {
            // The server is of use with it.
            Log.NotSwept(logger, error);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<bool> IsNeededAsync(string id, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var row = PublicId.IsOne(id) ? await context.Set<EnvironmentRow>().AsNoTracking().SingleOrDefaultAsync(found => found.Id == id, cancellationToken).ConfigureAwait(false) : null;
        // What a stopped repair has put aside is put back by the next one, and a command is no task.
        return row is not null && (row.State == EnvironmentState.Preparing || await EnvironmentRegistry.IsBusyAsync(context, row, cancellationToken).ConfigureAwait(false));
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "What was left of environments could not be removed.")]
        public static partial void NotSwept(ILogger logger, Exception error);
    }
}
