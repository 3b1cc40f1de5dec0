using Beep.Host.Data;
using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore.Design;

namespace Beep.Host.Tests.Support;

/// <summary>How dotnet-ef makes the context for which it writes a migration; it opens no database.</summary>
internal sealed class DesignTimeContexts :
    IDesignTimeDbContextFactory<SqliteHostDbContext>, IDesignTimeDbContextFactory<PostgresHostDbContext>,
    IDesignTimeDbContextFactory<SqliteFineTuneDbContext>, IDesignTimeDbContextFactory<PostgresFineTuneDbContext>
{
    public static SqliteAddress Sqlite => new(Path.Combine(Path.GetTempPath(), "beep-design.db"));

    public static PostgresAddress Postgres => new() { Host = "localhost", Port = 5432, Database = "design", User = "design", Encryption = PostgresEncryption.Disable };

    SqliteHostDbContext IDesignTimeDbContextFactory<SqliteHostDbContext>.CreateDbContext(string[] args) => (SqliteHostDbContext)new HostDatabase(Sqlite).CreateContext();

    PostgresHostDbContext IDesignTimeDbContextFactory<PostgresHostDbContext>.CreateDbContext(string[] args) => (PostgresHostDbContext)new HostDatabase(Postgres).CreateContext();

    SqliteFineTuneDbContext IDesignTimeDbContextFactory<SqliteFineTuneDbContext>.CreateDbContext(string[] args) => (SqliteFineTuneDbContext)new FineTuneDatabase(Sqlite).CreateContext();

    PostgresFineTuneDbContext IDesignTimeDbContextFactory<PostgresFineTuneDbContext>.CreateDbContext(string[] args) => (PostgresFineTuneDbContext)new FineTuneDatabase(Postgres).CreateContext();
}
