using System.Data.Common;
using Beep.Contracts;
using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Beep.Host.Data;

/// <summary>Brings the tables of one context to what this program has, one migration at a time, and back.</summary>
internal sealed class DatabaseMigrator
{
    private const string Nothing = "0";
    // Any number that nothing else in the database locks.
    private const long ServerLock = 0x6265_6570_6d69_6772;

    private readonly DatabaseAddress _address;
    private readonly Func<DbContext> _createContext;
    private readonly TimeProvider _time;

    public DatabaseMigrator(HostDatabase database, TimeProvider time)
        : this(database.Address, database.CreateContext, time)
    {
    }

    public DatabaseMigrator(FineTuneDatabase database, TimeProvider time)
        : this(database.Address, database.CreateContext, time)
    {
    }

    private DatabaseMigrator(DatabaseAddress address, Func<DbContext> createContext, TimeProvider time) => (_address, _createContext, _time) = (address, createContext, time);

    /// <summary>Reads and changes nothing: an SQLite file that is not there is not made.</summary>
    public Task<DatabaseState> ReadStateAsync(CancellationToken cancellationToken) => ReachAsync(ReadAsync, cancellationToken);

    /// <summary>Applies what is pending; returns its names.</summary>
    public Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken) => ReachAsync(
        (context, token) => LockedAsync(context, async () =>
        {
            var state = await ReadAsync(context, token).ConfigureAwait(false);
            Refuse(state);
            if (state.Pending.Count > 0)
            {
                // Not otherwise: it would build and compare the whole model of the last migration to find out, at every start.
                await context.Database.MigrateAsync(token).ConfigureAwait(false);
            }

            if (context is HostDbContext host)
            {
                await NameInstanceAsync(host, token).ConfigureAwait(false);
            }

            return state.Pending;
        }, token),
        cancellationToken);

    /// <summary>Undoes every migration after <paramref name="target"/>, or the last one, with what is in their tables; returns their names, newest first.</summary>
    public Task<IReadOnlyList<string>> RollbackAsync(string? target, CancellationToken cancellationToken) => ReachAsync(
        (context, token) => LockedAsync(context, async () =>
        {
            var state = await ReadAsync(context, token).ConfigureAwait(false);
            Refuse(state);
            var undone = Undone(state, target);
            if (undone.Count > 0)
            {
                var last = state.Applied.Count > undone.Count ? state.Applied[^(undone.Count + 1)] : Nothing;
                await context.GetService<IMigrator>().MigrateAsync(last, token).ConfigureAwait(false);
            }

            return undone;
        }, token),
        cancellationToken);

    /// <summary>What a rollback to <paramref name="target"/> would undo, newest first.</summary>
    public static IReadOnlyList<string> Undone(DatabaseState state, string? target)
    {
        if (target is null)
        {
            return [.. state.Applied.TakeLast(1)];
        }

        var index = target == Nothing ? -1 : state.Applied.ToList().FindIndex(name => name == target || name.EndsWith("_" + target, StringComparison.OrdinalIgnoreCase));
        return target == Nothing || index >= 0
            ? [.. state.Applied.Skip(index + 1).Reverse()]
            : throw FaultException.Invalid("unknown_migration", $"No applied migration is called '{target}'.", $"Name one of: {string.Join(", ", state.Applied.Prepend(Nothing))}.", "--to");
    }

    private async Task<T> ReachAsync<T>(Func<DbContext, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        var context = _createContext();
        await using var _ = context.ConfigureAwait(false);
        try
        {
            return await work(context, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is DbException or InvalidOperationException { InnerException: DbException or TimeoutException } or IOException or UnauthorizedAccessException)
        {
            throw DatabaseFaults.Failed(_address, error);
        }
    }

    private async Task<DatabaseState> ReadAsync(DbContext context, CancellationToken cancellationToken)
    {
        var known = context.Database.GetMigrations().ToList();
        if (_address is SqliteAddress { Path: var path } && new FileInfo(path) is not { Exists: true, Length: > 0 })
        {
            return new DatabaseState { Exists = false, Pending = known };
        }

        var applied = (await context.Database.GetAppliedMigrationsAsync(cancellationToken).ConfigureAwait(false)).ToList();
        return new DatabaseState
        {
            Exists = true,
            Applied = [.. applied.Intersect(known)],
            Pending = [.. known.Except(applied)],
            Unknown = [.. applied.Except(known)],
            InstanceId = context is HostDbContext && applied.Contains(known[0])
                ? (await context.Set<Instance>().AsNoTracking().SingleOrDefaultAsync(cancellationToken).ConfigureAwait(false))?.InstanceId
                : null,
        };
    }

    private async Task<T> LockedAsync<T>(DbContext context, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        if (_address is not SqliteAddress address)
        {
            // EF's own lock lasts for one migration. This one lasts as long as the connection, which stays open until the context goes.
            await context.Database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await context.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock({ServerLock})", cancellationToken).ConfigureAwait(false);
            try
            {
                return await work().ConfigureAwait(false);
            }
            finally
            {
                await context.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({ServerLock})", CancellationToken.None).ConfigureAwait(false);
            }
        }

        PrivateFiles.CreateFolder(Path.GetDirectoryName(address.Path)!);
        using (await MigrationLock.TakeAsync(address, _time, cancellationToken).ConfigureAwait(false))
        {
            // SQLite gives the files that it makes beside this one the same rights. One that is there is not opened:
            // closing it would let go of every lock that this process has on it.
            if (!File.Exists(address.Path))
            {
                PrivateFiles.Open(address.Path, FileMode.CreateNew, FileShare.None).Dispose();
            }

            await context.Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancellationToken).ConfigureAwait(false);
            return await work().ConfigureAwait(false);
        }
    }

    private async Task NameInstanceAsync(HostDbContext context, CancellationToken cancellationToken)
    {
        var instances = context.Set<Instance>();
        if (await instances.AnyAsync(cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        instances.Add(new Instance { InstanceId = Guid.NewGuid().ToString("N"), CreatedAt = _time.GetUtcNow() });
        try
        {
            await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DbUpdateException)
        {
            // Another host that migrates the same server named it first; anything else fails again here.
            context.ChangeTracker.Clear();
            await instances.SingleAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static void Refuse(DatabaseState state)
    {
        if (state.Unknown.Count > 0)
        {
            throw FaultException.Invalid("database_newer", $"A later version of beep has changed this database: '{state.Unknown[^1]}'.", "Use that version, or restore the backup made before it.", DatabaseAddress.Variable);
        }
    }
}
