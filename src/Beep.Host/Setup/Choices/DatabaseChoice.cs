using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Setup.Choices;

/// <summary>Which database, field by field: there is no field for a connection string.</summary>
internal sealed partial record DatabaseChoice
{
    public const string Where = "database";
    private const int LongestField = 250;

    public DatabaseProvider Provider { get; set; } = DatabaseProvider.Sqlite;

    /// <summary>SQLite: the file, inside the home.</summary>
    public string File { get; set; } = "beep.db";

    public string Host { get; set; } = "localhost";

    public int Port { get; set; } = DatabaseUrl.PostgresPort;

    public string Database { get; set; } = "beep";

    public string User { get; set; } = "beep";

    public string? Password { get; set; }

    /// <summary>Null: encrypted, unless the server is on this machine and offers no encryption.</summary>
    public PostgresEncryption? Encryption { get; set; }

    /// <summary>The password shows nowhere.</summary>
    public sealed override string ToString() => Provider == DatabaseProvider.Sqlite ? File : $"{Database} at {Host}:{Port}";

    /// <summary>What DATABASE_URL takes, or what is wrong.</summary>
    /// <exception cref="FaultException">A field cannot be used.</exception>
    public (DatabaseAddress Address, string Url) Resolve(HostPaths paths)
    {
        var url = Provider switch
        {
            DatabaseProvider.Sqlite => DatabaseUrl.OfSqlite(File),
            DatabaseProvider.Postgresql => Server(),
            _ => throw Wrong("'" + Provider + "' is no kind of database that this version has.", "Choose sqlite or postgresql.", "provider"),
        };
        var address = DatabaseAddressReader.Read(url, paths, out var fault);
        if (Provider == DatabaseProvider.Sqlite)
        {
            return FileName().IsMatch(File) && address is SqliteAddress file && file.Path == Path.Combine(paths.Home, File)
                ? (file, url)
                : throw Wrong($"'{Shown(File)}' cannot be the database: it must be a plain name of letters, digits and . _ -, for a file in '{paths.Home}'.", "Write a name such as beep.db.", "file");
        }

        // Read back, every field must be what was written: none has smuggled in another.
        return address is PostgresAddress server && server.Host.Equals(Host, StringComparison.OrdinalIgnoreCase) && server.Port == Port && server.Database == Database && server.User == User
            && server.Password?.Value == (string.IsNullOrEmpty(Password) ? null : Password) && (Encryption is null || server.Encryption == Encryption)
            ? (server, url)
            : throw Wrong(fault is null ? $"'{Shown(Host)}' is no name or address of a host." : fault.Message.Replace($"{DatabaseAddress.Variable} cannot be used. ", "", StringComparison.Ordinal), "Write the name of the server alone, without a port or anything before it.", "host");
    }

    private string Server()
    {
        foreach (var (name, value) in new[] { ("host", Host), ("database", Database), ("user", User), ("password", Password ?? "") })
        {
            if ((name != "password" && string.IsNullOrWhiteSpace(value)) || value.Length > LongestField || value.Any(char.IsControl) || (name == "database" && value.Contains('/', StringComparison.Ordinal)))
            {
                throw Wrong($"The {name} of the database is {(value.Length == 0 ? "missing" : "not usable")}.", "Write what the administrator of the database gave you.", name);
            }
        }

        return Port is >= 1 and <= ushort.MaxValue
            ? DatabaseUrl.OfPostgres(Host, Port, Database, User, Password, Encryption)
            : throw Wrong($"The port is {Port}.", $"Write a number from 1 to {ushort.MaxValue}; usually it is {DatabaseUrl.PostgresPort}.", "port");
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex FileName();

    private static FaultException Wrong(string message, string remedy, string field) => FaultException.Invalid("bad_database", message, remedy, $"{Where}.{field}");

    private static string Shown(string text) => string.Concat(text.Where(c => !char.IsControl(c)).Take(60));
}

/// <summary>Every kind that a setup offers.</summary>
internal enum DatabaseProvider
{
    Sqlite = 1,
    Postgresql = 2,
}
