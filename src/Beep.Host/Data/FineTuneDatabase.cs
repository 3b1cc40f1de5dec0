using System.Data.Common;
using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Beep.Host.Data;

/// <summary>Makes contexts of the fine-tuning tables in the database at one address.</summary>
internal sealed class FineTuneDatabase
{
    private readonly Func<DbConnection?, FineTuneDbContext> _create;

    public FineTuneDatabase(DatabaseAddress address)
    {
        Address = address;
        switch (address)
        {
            case SqliteAddress sqlite:
                var forSqlite = Sqlite(builder => builder.UseSqlite(ConnectionStrings.Of(sqlite), options => options.MigrationsHistoryTable(FineTuneDbContext.History)).AddInterceptors(new SqlitePragmas()));
                _create = connection => new SqliteFineTuneDbContext(connection is null
                    ? forSqlite
                    : Sqlite(builder => builder.UseSqlite(connection, options => options.MigrationsHistoryTable(FineTuneDbContext.History))));
                break;
            case PostgresAddress postgres:
                var forPostgres = Postgres(builder => builder.UseNpgsql(ConnectionStrings.Of(postgres), options => options.MigrationsHistoryTable(FineTuneDbContext.History)));
                _create = connection => new PostgresFineTuneDbContext(connection is null
                    ? forPostgres
                    : Postgres(builder => builder.UseNpgsql(connection, options => options.MigrationsHistoryTable(FineTuneDbContext.History))));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(address), address, "No such kind of database.");
        }
    }

    public DatabaseAddress Address { get; }

    public FineTuneDbContext CreateContext() => _create(null);

    /// <summary>A context in the transaction of another: what both change is there together or not at all. Dispose it first.</summary>
    /// <exception cref="InvalidOperationException">The other is in no transaction.</exception>
    public async Task<FineTuneDbContext> JoinAsync(HostDbContext host, CancellationToken cancellationToken)
    {
        var transaction = host.Database.CurrentTransaction ?? throw new InvalidOperationException("There is no transaction to join. Begin one first.");
        var context = _create(host.Database.GetDbConnection());
        await context.Database.UseTransactionAsync(transaction.GetDbTransaction(), cancellationToken).ConfigureAwait(false);
        return context;
    }

    private static DbContextOptions<SqliteFineTuneDbContext> Sqlite(Action<DbContextOptionsBuilder> configure)
    {
        var builder = new DbContextOptionsBuilder<SqliteFineTuneDbContext>();
        configure(builder);
        return builder.Options;
    }

    private static DbContextOptions<PostgresFineTuneDbContext> Postgres(Action<DbContextOptionsBuilder> configure)
    {
        var builder = new DbContextOptionsBuilder<PostgresFineTuneDbContext>();
        configure(builder);
        return builder.Options;
    }
}
