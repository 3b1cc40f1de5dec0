using System.Globalization;
using Beep.Contracts;
using Beep.Host.Identity.Stored;
using Microsoft.Data.Sqlite;

namespace Beep.Host.Identity.Import;

internal sealed record FlaskUser(long Id, string UserName, string? PasswordHash, string? Email, string? DisplayName, bool IsAdmin, bool IsActive, DateTimeOffset? CreatedAt, long? RoleId);

internal sealed record FlaskRole(long Id, string Name, string? Description, IReadOnlyList<string> Permissions);

internal sealed record FlaskGroup(long Id, string Name, string? Description, bool IsActive);

/// <summary>The people of the predecessor's SQLite file, read and never written. Columns that an older file lacks are empty.</summary>
internal sealed record FlaskDatabase(IReadOnlyList<FlaskUser> Users, IReadOnlyList<FlaskRole> Roles, IReadOnlyList<FlaskGroup> Groups, IReadOnlyList<(long UserId, long GroupId)> Members)
{
    /// <exception cref="FaultException">It cannot be read, or has no users.</exception>
    public static FlaskDatabase Read(string path)
    {
        if (!File.Exists(path))
        {
            throw FaultException.Invalid("no_file", $"There is no file '{path}'.", "Name the SQLite file of the Flask program, often instance/beep_data.db.", path);
        }

        try
        {
            using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
            connection.Open();
            var users = Rows(connection, "users").Where(row => row.Text("username") is not null).Select(row => new FlaskUser(
                row.Number("id") ?? 0, row.Text("username")!, row.Text("password_hash"), row.Text("email"), row.Text("display_name"),
                row.Number("is_admin") is 1, row.Number("is_active") is not 0, row.Instant("created_at"), row.Number("role_id"))).ToList();
            return new FlaskDatabase(
                users,
                [.. Rows(connection, "roles").Where(row => row.Text("name") is not null).Select(row => new FlaskRole(row.Number("id") ?? 0, row.Text("name")!, row.Text("description"), StringListConversion.Read(row.Text("permissions"))))],
                [.. Rows(connection, "groups").Where(row => row.Text("name") is not null).Select(row => new FlaskGroup(row.Number("id") ?? 0, row.Text("name")!, row.Text("description"), row.Number("is_active") is not 0))],
                [.. Rows(connection, "user_groups").Select(row => (row.Number("user_id") ?? 0, row.Number("group_id") ?? 0))]);
        }
        catch (SqliteException error)
        {
            throw FaultException.Invalid("bad_flask_file", $"'{path}' cannot be read as an SQLite file: {error.Message}", "Name the SQLite file of the Flask program, often instance/beep_data.db.", path, error);
        }
    }

    private static List<Row> Rows(SqliteConnection connection, string table)
    {
        using (var exists = connection.CreateCommand())
        {
            exists.CommandText = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $name";
            exists.Parameters.AddWithValue("$name", table);
            if ((long)exists.ExecuteScalar()! == 0)
            {
                return [];
            }
        }

        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // One of the names above.
        command.CommandText = $"SELECT * FROM \"{table}\"";
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        var rows = new List<Row>();
        while (reader.Read())
        {
            var values = new Dictionary<string, object>(StringComparer.OrdinalIgnoreCase);
            for (var i = 0; i < reader.FieldCount; i++)
            {
                values[reader.GetName(i)] = reader.GetValue(i);
            }

            rows.Add(new Row(values));
        }

        return rows;
    }

    private sealed record Row(Dictionary<string, object> Values)
    {
        public string? Text(string name) => Values.GetValueOrDefault(name) is string { Length: > 0 } text ? text : null;

        public long? Number(string name) => Values.GetValueOrDefault(name) is long number ? number : null;

        /// <summary>The predecessor's times are UTC without saying so.</summary>
        public DateTimeOffset? Instant(string name) =>
            DateTimeOffset.TryParse(Text(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant) ? instant : null;
    }
}
