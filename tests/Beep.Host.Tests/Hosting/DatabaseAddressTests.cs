using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Tests;
using Npgsql;

namespace Beep.Host.Tests.Hosting;

public sealed class DatabaseAddressTests
{
    private static readonly HostPaths Paths = new(Path.Combine(Path.GetTempPath(), "beep-home"));

    [Theory]
    [InlineData(null, "beep.db")]
    [InlineData(" ", "beep.db")]
    [InlineData("sqlite:///other.db", "other.db")]
    [InlineData("sqlite:///data/../other.db", "other.db")]
    public void Read_Sqlite_IsAFileInTheHome(string? url, string expected) =>
        Assert.Equal(new SqliteAddress(Path.Combine(Paths.Home, expected)), Read(url));

    [Fact]
    public void Read_SqliteWithAbsolutePathInTheHome_IsTaken()
    {
        var path = Path.Combine(Paths.Home, "there.db");
        Assert.Equal(new SqliteAddress(path), Read("sqlite:///" + path));
    }

    [Theory]
    [InlineData("sqlite:///../outside.db")]
    [InlineData("sqlite:////etc/passwd")]
    [InlineData("sqlite:///.")]
    [InlineData("sqlite:///")]
    [InlineData("sqlite:///:memory:")]
    [InlineData("sqlite:///beep.db?mode=memory")]
    [InlineData("sqlite:///%2e%2e/outside.db")]
    [InlineData("sqlite://beep.db")]
    [InlineData("mysql://user:hunter2@host/db")]
    [InlineData("Host=localhost;Username=u;Password=hunter2")]
    [InlineData("postgresql://host/db")]
    [InlineData("postgresql://user:hunter2@host")]
    [InlineData("postgresql://user:hunter2@host/db/other")]
    [InlineData("postgresql://user:hunter2@host,other/db")]
    [InlineData("postgresql://user:hunter2@host/db#part")]
    [InlineData("postgresql://user:hunter2@host/db?options=-c%20x")]
    [InlineData("postgresql://user:hunter2@host/db?sslmode=require&host=%2Ftmp")]
    [InlineData("postgresql://user:hunter2@host/db?sslmode=allow")]
    [InlineData("postgresql://user:hunter2@:5432/db")]
    public void Read_AnythingElse_IsRefusedWithoutItsPassword(string url)
    {
        Assert.Null(DatabaseAddressReader.Read(url, Paths, out var fault));
        Assert.Equal(("bad_database_url", "DATABASE_URL"), (fault!.Code, fault.Where));
        Assert.DoesNotContain("hunter2", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SqliteThroughALink_IsRefused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights on Windows.");
        using var folder = new TemporaryFolder();
        using var elsewhere = new TemporaryFolder();
        Directory.CreateSymbolicLink(folder.At("data"), elsewhere.Path);
        Assert.Null(DatabaseAddressReader.Read("sqlite:///data/beep.db", new HostPaths(folder.Path), out var fault));
        Assert.Equal(
            $"DATABASE_URL: DATABASE_URL cannot be used. '{folder.At("data")}' is a link to '{elsewhere.Path}'. Name the file itself, inside the home. [bad_database_url]",
            fault!.ToString());
    }

    [Theory]
    [InlineData("postgresql://ada:p%40ss%3Bw%3Drd@db.example.org/beep", "db.example.org", 5432, PostgresEncryption.Require)]
    [InlineData("postgres://ada:p%40ss%3Bw%3Drd@10.0.0.1:6432/beep?sslmode=verify-full", "10.0.0.1", 6432, PostgresEncryption.VerifyFull)]
    [InlineData("postgresql://ada:p%40ss%3Bw%3Drd@localhost/beep", "localhost", 5432, PostgresEncryption.Prefer)]
    [InlineData("postgresql://ada:p%40ss%3Bw%3Drd@[::1]/beep", "::1", 5432, PostgresEncryption.Prefer)]
    internal void Read_Postgres_GivesFields(string url, string host, int port, PostgresEncryption encryption)
    {
        var address = Assert.IsType<PostgresAddress>(Read(url));
        Assert.Equal((host, port, "beep", "ada", "p@ss;w=rd", encryption), (address.Host, address.Port, address.Database, address.User, address.Password!.Value, address.Encryption));
        Assert.Equal($"PostgreSQL database 'beep' at '{host}:{port}' as 'ada'", address.ToString());
        var built = new NpgsqlConnectionStringBuilder(ConnectionStrings.Of(address));
        Assert.Equal(("p@ss;w=rd", host, "beep"), (built.Password, built.Host, built.Database));
        // Whatever is slow once must not fail everybody who waits for a connection then.
        Assert.InRange(built.Timeout, 15, 60);
    }

    [Fact]
    public void ConnectionString_FieldsWithKeywords_StayFields()
    {
        var address = Assert.IsType<PostgresAddress>(Read("postgresql://ada%3BHost%3Devil:x@localhost/db%3BInclude%20Error%20Detail%3Dtrue"));
        var built = new NpgsqlConnectionStringBuilder(ConnectionStrings.Of(address));
        Assert.Equal(("ada;Host=evil", "localhost", "db;Include Error Detail=true", false), (built.Username, built.Host, built.Database, built.IncludeErrorDetail));
    }

    [Fact]
    public void Read_UnknownKind_SaysWhatToWrite()
    {
        DatabaseAddressReader.Read("oracle:thin", Paths, out var fault);
        Assert.Equal(
            "DATABASE_URL: DATABASE_URL cannot be used. 'oracle' is no kind of database that this version has. Write sqlite:///beep.db or postgresql://user:password@host:5432/database. [bad_database_url]",
            fault!.ToString());
    }

    private static DatabaseAddress? Read(string? url) => DatabaseAddressReader.Read(url, Paths, out _);
}
