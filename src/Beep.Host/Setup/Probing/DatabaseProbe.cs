using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Setup.Records;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Beep.Host.Setup.Probing;

/// <summary>
/// Tries a database: whether it answers, who it is, whether tables can be made. Says no more than that, since whoever asks
/// may be looking for what this machine can reach: no text of the other side, one answer for everything that is not a database.
/// </summary>
internal sealed class DatabaseProbe(TimeProvider time, TimeSpan patience)
{
    private static readonly byte[] SqliteHead = "SQLite format 3\0"u8.ToArray();

    /// <exception cref="FaultException">It cannot be used.</exception>
    public async Task<DatabaseProbeResult> TryAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            return address switch
            {
                SqliteAddress file => await TryFileAsync(file, limit.Token).ConfigureAwait(false),
                PostgresAddress server => await TryServerAsync(server, limit.Token).ConfigureAwait(false),
                _ => throw new ArgumentOutOfRangeException(nameof(address), address, "No such kind of database."),
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable();
        }
    }

    [SuppressMessage("Security", "CA2100", Justification = "No text of a person is in the commands.")]
    private async Task<DatabaseProbeResult> TryServerAsync(PostgresAddress address, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(ConnectionStrings.Of(address)) { Pooling = false, Timeout = (int)Math.Ceiling(patience.TotalSeconds), CommandTimeout = (int)Math.Ceiling(patience.TotalSeconds) };
            var connection = new NpgsqlConnection(builder.ToString());
            await using var _ = connection.ConfigureAwait(false);
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            if (!(bool)(await AskAsync(connection, "SELECT has_schema_privilege(current_schema(), 'CREATE')", cancellationToken).ConfigureAwait(false) ?? false))
            {
                throw NotAllowed();
            }

            var version = (string)(await AskAsync(connection, "SHOW server_version", cancellationToken).ConfigureAwait(false))!;
            var latency = time.GetElapsedTime(started);
            return new DatabaseProbeResult($"PostgreSQL {version.Split(' ')[0]}", latency, await IsTakenAsync(address, cancellationToken).ConfigureAwait(false));
        }
        catch (PostgresException error)
        {
            throw error.SqlState switch
            {
                PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
                    Fault("database_credentials_refused", "The database server refused the user or the password.", "Correct them; the user must be allowed to connect from this machine.", "password"),
                PostgresErrorCodes.InvalidCatalogName => Fault("no_such_database", "The database server has no such database.", "Create it, empty, or correct its name.", "database"),
                PostgresErrorCodes.InsufficientPrivilege => NotAllowed(),
                _ => Unreachable(),
            };
        }
        catch (Exception error) when (error is DbException or SocketException or IOException or TimeoutException or InvalidOperationException or ArgumentException or NotSupportedException)
        {
            throw Unreachable();
        }
    }

    private async Task<DatabaseProbeResult> TryFileAsync(SqliteAddress address, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        if (WritableFolder.Probe(Path.GetDirectoryName(address.Path)!) is not null)
        {
            throw Fault("database_not_allowed", "The folder of the database file cannot be written.", "Correct the rights of the home.", "file");
        }

        if (File.Exists(address.Path) && new FileInfo(address.Path).Length > 0 && !await IsSqliteAsync(address.Path, cancellationToken).ConfigureAwait(false))
        {
            throw Fault("not_a_database", "There is a file of that name, and it is no SQLite database.", "Choose another name.", "file");
        }

        var connection = new SqliteConnection("Data Source=:memory:;Pooling=false");
        await using var _ = connection.ConfigureAwait(false);
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        var version = connection.ServerVersion;
        return new DatabaseProbeResult($"SQLite {version}", time.GetElapsedTime(started), await IsTakenAsync(address, cancellationToken).ConfigureAwait(false));
    }

    private static async Task<bool> IsTakenAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        try
        {
            return await SetupState.IsCompleteAsync(new HostDatabase(address), cancellationToken).ConfigureAwait(false);
        }
        catch (FaultException)
        {
            throw Unreachable();
        }
    }

    private static async Task<bool> IsSqliteAsync(string path, CancellationToken cancellationToken)
    {
        var head = new byte[SqliteHead.Length];
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        await using var _ = file.ConfigureAwait(false);
        return await file.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) == head.Length && head.SequenceEqual(SqliteHead);
    }

    [SuppressMessage("Security", "CA2100", Justification = "No text of a person is in the commands.")]
    private static async Task<object?> AskAsync(NpgsqlConnection connection, string question, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(question, connection);
        await using var _ = command.ConfigureAwait(false);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is { } answer and not DBNull ? answer : null;
    }

    private static FaultException Unreachable() => Fault("database_unreachable", "No usable database answers there.", "Check host and port, that the server runs and lets this machine in, and the encryption it offers.", "host");

    private static FaultException NotAllowed() => Fault("database_not_allowed", "The user may not make tables in this database.", "Grant it: the user should own the database.", "user");

    private static FaultException Fault(string code, string message, string remedy, string field) => FaultException.Invalid(code, message, remedy, $"{Choices.DatabaseChoice.Where}.{field}");
}

/// <summary>What is told of a database that answers.</summary>
/// <param name="Version">Its kind and version.</param>
/// <param name="Latency">How long it took to connect and ask.</param>
/// <param name="IsTaken">Whether it is already that of a host that is set up.</param>
internal sealed record DatabaseProbeResult(string Version, TimeSpan Latency, bool IsTaken);
