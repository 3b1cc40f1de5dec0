using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;
using SQLitePCL;

namespace Beep.Host.Data;

/// <summary>
/// What SQLite forgets with each connection. Commits are flushed (synchronous=FULL): a checkpoint of the audit log
/// must never be newer on the disk than the rows that it speaks of.
/// </summary>
internal sealed class SqlitePragmas : DbConnectionInterceptor
{
    private const string Pragmas = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;";

    // Opening mostly takes a connection out of the pool, and that one remembers: every query opens.
    private readonly ConditionalWeakTable<sqlite3, SqlitePragmas> _told = [];

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        if (IsTold(connection))
        {
            return;
        }

        using var command = Command(connection);
        command.ExecuteNonQuery();
        Told(connection);
    }

    public override async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        if (IsTold(connection))
        {
            return;
        }

        var command = Command(connection);
        await using var _ = command.ConfigureAwait(false);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        Told(connection);
    }

    private bool IsTold(DbConnection connection) => ((SqliteConnection)connection).Handle is { } handle && _told.TryGetValue(handle, out _);

    private void Told(DbConnection connection) => _told.AddOrUpdate(((SqliteConnection)connection).Handle!, this);

    private static DbCommand Command(DbConnection connection)
    {
        var command = connection.CreateCommand();
        command.CommandText = Pragmas;
        return command;
    }
}
