using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Tests;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Beep.Host.Tests.Support;

/// <summary>A fresh database of either kind, in a home of its own.</summary>
internal sealed class TestDatabase : IDisposable
{
    public const string Sqlite = "sqlite";
    public const string Postgres = "postgres";

    private readonly TemporaryFolder _folder = new();

    private TestDatabase(DatabaseAddress? address) => Address = address ?? new SqliteAddress(new HostPaths(_folder.Path).Database);

    /// <summary>Every kind: a test takes one as its argument.</summary>
    public static TheoryData<string> Kinds => [Sqlite, Postgres];

    public DatabaseAddress Address { get; }

    public HostPaths Paths => new(_folder.Path);

    /// <summary>An empty one; skips the test where there is no server.</summary>
    public static async Task<TestDatabase> CreateAsync(string kind, PostgresServer server)
    {
        Assert.SkipUnless(kind == Sqlite || PostgresServer.IsInstalled, PostgresServer.Missing);
        return new TestDatabase(kind == Sqlite ? null : await server.CreateDatabaseAsync());
    }

    /// <summary>One with every table.</summary>
    public static async Task<TestDatabase> CreateMigratedAsync(string kind, PostgresServer server)
    {
        var database = await CreateAsync(kind, server);
        await new DatabaseMigrator(database.Open(), TimeProvider.System).MigrateAsync(TestContext.Current.CancellationToken);
        await new DatabaseMigrator(database.OpenFineTune(), TimeProvider.System).MigrateAsync(TestContext.Current.CancellationToken);
        return database;
    }

    public HostDatabase Open(params IInterceptor[] interceptors) => new(Address, interceptors);

    public FineTuneDatabase OpenFineTune() => new(Address);

    /// <summary>The address as a user writes it.</summary>
    public string Url => Address is PostgresAddress postgres
        ? $"postgresql://{postgres.User}:{postgres.Password!.Value}@{postgres.Host}:{postgres.Port}/{postgres.Database}?sslmode=disable"
        : "sqlite:///beep.db";

    /// <summary>What the command line takes from the environment to use this database.</summary>
    public string? Variable(string name) => name switch
    {
        "BEEP_PYTHON_HOME" => _folder.Path,
        DatabaseAddress.Variable => Url,
        _ => null,
    };

    public void Dispose()
    {
        switch (Address)
        {
            case SqliteAddress sqlite:
                using (var connection = new SqliteConnection(ConnectionStrings.Of(sqlite)))
                {
                    SqliteConnection.ClearPool(connection);
                }

                break;
            case PostgresAddress postgres:
                using (var connection = new NpgsqlConnection(ConnectionStrings.Of(postgres)))
                {
                    NpgsqlConnection.ClearPool(connection);
                }

                break;
        }

        _folder.Dispose();
    }
}
