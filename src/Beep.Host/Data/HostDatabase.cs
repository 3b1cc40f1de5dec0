using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Beep.Host.Data;

/// <summary>Makes contexts of the database at one address.</summary>
internal sealed class HostDatabase
{
    private readonly Func<HostDbContext> _create;

    public HostDatabase(DatabaseAddress address, params IEnumerable<IInterceptor> interceptors)
    {
        Address = address;
        switch (address)
        {
            case SqliteAddress sqlite:
                var forSqlite = new DbContextOptionsBuilder<SqliteHostDbContext>()
                    .UseSqlite(ConnectionStrings.Of(sqlite)).AddInterceptors([new SqlitePragmas(), .. interceptors]).Options;
                _create = () => new SqliteHostDbContext(forSqlite);
                break;
            case PostgresAddress postgres:
                var forPostgres = new DbContextOptionsBuilder<PostgresHostDbContext>()
                    .UseNpgsql(ConnectionStrings.Of(postgres)).AddInterceptors(interceptors).Options;
                _create = () => new PostgresHostDbContext(forPostgres);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(address), address, "No such kind of database.");
        }
    }

    public DatabaseAddress Address { get; }

    public HostDbContext CreateContext() => _create();
}
