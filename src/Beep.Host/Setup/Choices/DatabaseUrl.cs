using Beep.Host.Hosting;

namespace Beep.Host.Setup.Choices;

/// <summary>DATABASE_URL from fields, each escaped.</summary>
internal static class DatabaseUrl
{
    public const int PostgresPort = 5432;

    public static string OfSqlite(string file) => $"sqlite:///{file}";

    public static string OfPostgres(string host, int port, string database, string user, string? password, PostgresEncryption? encryption)
    {
        var credentials = Uri.EscapeDataString(user) + (string.IsNullOrEmpty(password) ? "" : ":" + Uri.EscapeDataString(password));
        var name = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        return $"postgresql://{credentials}@{name}:{port}/{Uri.EscapeDataString(database)}{Option(encryption)}";
    }

    private static string Option(PostgresEncryption? encryption) => encryption switch
    {
        null => "",
        PostgresEncryption.Disable => "?sslmode=disable",
        PostgresEncryption.Prefer => "?sslmode=prefer",
        PostgresEncryption.Require => "?sslmode=require",
        PostgresEncryption.VerifyCa => "?sslmode=verify-ca",
        PostgresEncryption.VerifyFull => "?sslmode=verify-full",
        _ => throw new ArgumentOutOfRangeException(nameof(encryption), encryption, "No such encryption."),
    };
}
