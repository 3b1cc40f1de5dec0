namespace Beep.Host.Hosting;

/// <summary>Where the database is, in fields: nothing of the user's text reaches a connection string unread.</summary>
internal abstract record DatabaseAddress
{
    public const string Variable = "DATABASE_URL";

    /// <summary>As a person may see it: without the password.</summary>
    public abstract string Display { get; }

    public sealed override string ToString() => Display;
}

/// <summary>An SQLite file in the home.</summary>
internal sealed record SqliteAddress(string Path) : DatabaseAddress
{
    public override string Display => $"SQLite file '{Path}'";
}

/// <summary>A PostgreSQL server.</summary>
internal sealed record PostgresAddress : DatabaseAddress
{
    public required string Host { get; init; }

    public required int Port { get; init; }

    public required string Database { get; init; }

    public required string User { get; init; }

    public SecretText? Password { get; init; }

    public required PostgresEncryption Encryption { get; init; }

    public override string Display => $"PostgreSQL database '{Database}' at '{Host}:{Port}' as '{User}'";
}

/// <summary>What <c>sslmode</c> says, in libpq's words.</summary>
internal enum PostgresEncryption
{
    Disable = 1,
    Prefer = 2,
    Require = 3,
    VerifyCa = 4,
    VerifyFull = 5,
}
