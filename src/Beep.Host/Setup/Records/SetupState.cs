using System.Data.Common;
using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Setup.Records;

/// <summary>Whether a database is that of a host that is set up. Asked by everything that could make a first administrator.</summary>
internal static class SetupState
{
    /// <summary>Reads and changes nothing. A database that cannot be asked is a fault and never an invitation to set up.</summary>
    /// <exception cref="FaultException">The database cannot be asked.</exception>
    public static async Task<bool> IsCompleteAsync(HostDatabase database, CancellationToken cancellationToken)
    {
        if (database.Address is SqliteAddress { Path: var path } && new FileInfo(path) is not { Exists: true, Length: > 0 })
        {
            return false;
        }

        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        try
        {
            return await HasTableAsync(context, cancellationToken).ConfigureAwait(false) && await IsCompleteAsync(context, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is DbException or InvalidOperationException { InnerException: DbException or TimeoutException } or IOException or UnauthorizedAccessException)
        {
            throw DatabaseFaults.Failed(database.Address, error);
        }
    }

    /// <summary>The same inside a transaction of a database that has every table.</summary>
    public static Task<bool> IsCompleteAsync(HostDbContext context, CancellationToken cancellationToken) => context.Set<SetupRecord>().AnyAsync(cancellationToken);

    /// <summary>What whoever comes second is told.</summary>
    public static HttpFaultException AlreadySetUp() => HttpFaultException.Conflict(
        "already_set_up", "This host is set up: its first administrator exists.", "Sign in; further administrators are made by an administrator, and a lost password is reset on the command line.");

    /// <summary>What a command that needs people is told before there are any.</summary>
    public static FaultException NotSetUp() => FaultException.Invalid(
        "setup_required", "This host is not set up yet.", "Start the server and open the page that it names, or run beep admin create.");

    private static async Task<bool> HasTableAsync(HostDbContext context, CancellationToken cancellationToken)
    {
        const string table = SetupRecordConfiguration.Table;
        var count = context is SqliteHostDbContext
            ? context.Database.SqlQuery<int>($"SELECT count(*) AS \"Value\" FROM sqlite_master WHERE type = 'table' AND name = {table}")
            : context.Database.SqlQuery<int>($"SELECT CASE WHEN to_regclass({table}) IS NULL THEN 0 ELSE 1 END AS \"Value\"");
        return await count.SingleAsync(cancellationToken).ConfigureAwait(false) > 0;
    }
}
