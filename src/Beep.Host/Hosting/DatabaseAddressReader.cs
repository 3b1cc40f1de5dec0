using System.Net;
using System.Text.RegularExpressions;
using Beep.Contracts;

namespace Beep.Host.Hosting;

/// <summary>Reads DATABASE_URL field by field and refuses what it does not know.</summary>
internal static partial class DatabaseAddressReader
{
    private const string Sqlite = "sqlite:///";
    private const string Example = "postgresql://user:password@host:5432/database";
    private const int DefaultPort = 5432;
    private const string EncryptionKey = "sslmode";

    private static readonly Dictionary<string, PostgresEncryption> Encryptions = new(StringComparer.Ordinal)
    {
        ["disable"] = PostgresEncryption.Disable,
        ["prefer"] = PostgresEncryption.Prefer,
        ["require"] = PostgresEncryption.Require,
        ["verify-ca"] = PostgresEncryption.VerifyCa,
        ["verify-full"] = PostgresEncryption.VerifyFull,
    };

    /// <summary>The address, or null and what is wrong. No message holds a password.</summary>
    public static DatabaseAddress? Read(string? url, HostPaths paths, out Fault? fault)
    {
        (var address, fault) = string.IsNullOrWhiteSpace(url)
            ? (new SqliteAddress(paths.Database), null)
            : url.StartsWith(Sqlite, StringComparison.OrdinalIgnoreCase) ? ReadSqlite(url[Sqlite.Length..], paths)
            : url.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) ? ReadPostgres(url)
            : Wrong($"'{SchemeOf(url)}' is no kind of database that this version has.", $"Write {Sqlite}beep.db or {Example}.");
        return address;
    }

    private static (DatabaseAddress? Address, Fault? Fault) ReadSqlite(string name, HostPaths paths)
    {
        if (name.Length == 0 || name.AsSpan().IndexOfAny('?', '#', '%') >= 0 || name.StartsWith(':') || name.Any(char.IsControl))
        {
            return Wrong($"'{Sqlite}{Plain(name)}' is no plain file name.", $"Write {Sqlite} and a file name, without options: {Sqlite}beep.db.");
        }

        var path = Path.GetFullPath(name, paths.Home);
        var inside = Path.GetRelativePath(paths.Home, path);
        if (Path.IsPathRooted(inside) || inside is "." or ".." || inside.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            return Wrong($"'{path}' is outside the home '{paths.Home}'.", "Name a file inside the home, or set BEEP_PYTHON_HOME to the folder that holds it.");
        }

        for (var entry = path; entry.Length > paths.Home.Length; entry = Path.GetDirectoryName(entry)!)
        {
            if (new FileInfo(entry).LinkTarget is { } target)
            {
                return Wrong($"'{entry}' is a link to '{target}'.", "Name the file itself, inside the home.");
            }
        }

        return Directory.Exists(path)
            ? Wrong($"'{path}' is a folder.", "Name a file.")
            : (new SqliteAddress(path), null);
    }

    private static (DatabaseAddress? Address, Fault? Fault) ReadPostgres(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Host.Length == 0)
        {
            return Wrong("It is not an address.", $"Write {Example}; characters such as @ : / in the password as %40 %3A %2F.");
        }

        var credentials = uri.UserInfo.Split(':', 2);
        var (user, database) = (Uri.UnescapeDataString(credentials[0]), Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')));
        if (user.Length == 0 || database.Length == 0 || database.Contains('/', StringComparison.Ordinal) || (user + database).Any(char.IsControl))
        {
            return Wrong($"It lacks {(user.Length == 0 ? "a user" : "the name of one database")}.", $"Write {Example}.");
        }

        var host = uri.Host.Trim('[', ']');
        if (!HostName().IsMatch(host) || uri.Fragment.Length > 0)
        {
            return Wrong($"'{Plain(host)}' is no name or address of a host.", $"Write {Example}.");
        }

        var encryption = uri.IsLoopback || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip)) ? PostgresEncryption.Prefer : PostgresEncryption.Require;
        foreach (var option in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = option.Split('=', 2);
            if (pair[0] != EncryptionKey)
            {
                return Wrong($"'{Plain(pair[0])}' is not allowed after the question mark.", $"Only {EncryptionKey} is.");
            }

            if (!Encryptions.TryGetValue(pair.ElementAtOrDefault(1) ?? "", out encryption))
            {
                return Wrong($"{EncryptionKey} is '{Plain(pair.ElementAtOrDefault(1) ?? "")}'.", $"Set it to one of: {string.Join(", ", Encryptions.Keys)}.");
            }
        }

        return (new PostgresAddress
        {
            Host = host,
            Port = uri.Port > 0 ? uri.Port : DefaultPort,
            Database = database,
            User = user,
            Password = credentials.Length == 2 ? new SecretText(Uri.UnescapeDataString(credentials[1])) : null,
            Encryption = encryption,
        }, null);
    }

    private static (DatabaseAddress? Address, Fault? Fault) Wrong(string message, string remedy) =>
        (null, new Fault("bad_database_url", $"{DatabaseAddress.Variable} cannot be used. {message}", remedy, DatabaseAddress.Variable));

    /// <summary>What stands before the first colon: the rest may hold a password.</summary>
    private static string SchemeOf(string url) => url.IndexOf(':', StringComparison.Ordinal) is > 0 and var end ? Plain(url[..end]) : "(no scheme)";

    private static string Plain(string text) => string.Concat(text.Where(c => !char.IsControl(c)).Take(60));

    [GeneratedRegex(@"\A[A-Za-z0-9](?:[A-Za-z0-9._:-]*[A-Za-z0-9.])?\z|\A::1?\z")]
    private static partial Regex HostName();
}
