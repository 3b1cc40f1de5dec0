using Beep.Host.Hosting;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Beep.Host.Data;

/// <summary>Connection strings, made by the drivers' own builders from fields that have been read.</summary>
internal static class ConnectionStrings
{
    private const string ApplicationName = "beep";
    private const int ConnectSeconds = 20;
    private const int CommandSeconds = 30;

    public static string Of(SqliteAddress address) => new SqliteConnectionStringBuilder
    {
        DataSource = address.Path,
        Mode = SqliteOpenMode.ReadWriteCreate,
        ForeignKeys = true,
        DefaultTimeout = CommandSeconds,
    }.ToString();

    public static string Of(PostgresAddress address) => new NpgsqlConnectionStringBuilder
    {
        Host = address.Host,
        Port = address.Port,
        Database = address.Database,
        Username = address.User,
        Password = address.Password?.Value,
        SslMode = address.Encryption switch
        {
            PostgresEncryption.Disable => SslMode.Disable,
            PostgresEncryption.Prefer => SslMode.Prefer,
            PostgresEncryption.Require => SslMode.Require,
            PostgresEncryption.VerifyCa => SslMode.VerifyCA,
            PostgresEncryption.VerifyFull => SslMode.VerifyFull,
        },
        ApplicationName = ApplicationName,
        Timeout = ConnectSeconds,
        CommandTimeout = CommandSeconds,
    }.ToString();
}
