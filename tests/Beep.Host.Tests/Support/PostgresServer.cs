using System.Diagnostics;
using Beep.Host.Hosting;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Beep.Host.Tests.Support;

/// <summary>A PostgreSQL server of the tests' own, started when the first test wants one. It ends with the tests, however they end.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    public const string Missing = "PostgreSQL is not installed: run ./test as root on a Debian system, or install the package postgresql.";

    private const string Superuser = "beep_tests";
    // Ends the server when its input ends, which the system sees to when this process is gone.
    private const string Script = """cd "$1" && "$2/postgres" -D "$1/data" & server=$!; cat >/dev/null; kill -INT $server; wait $server""";

    private static readonly string? Programs = FindPrograms();
    private readonly Lazy<Task<PostgresAddress>> _server;
    private readonly string _password = Guid.NewGuid().ToString("N");
    private HeldPort? _port;
    private Process? _process;
    private string? _folder;

    public PostgresServer() => _server = new(StartAsync);

    public static bool IsInstalled => Programs is not null;

    /// <summary>An empty database.</summary>
    internal async Task<PostgresAddress> CreateDatabaseAsync()
    {
        var server = await _server.Value;
        var name = $"test_{Guid.NewGuid():N}";
        await using var connection = new NpgsqlConnection(Beep.Host.Data.ConnectionStrings.Of(server) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync();
        return server with { Database = name };
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        _port?.Dispose();
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task<PostgresAddress> StartAsync()
    {
        _folder = Directory.CreateTempSubdirectory("beep-postgres-").FullName;
        await File.WriteAllTextAsync(Path.Combine(_folder, "password"), _password);
        if (Environment.IsPrivilegedProcess)
        {
            // The server refuses to run as root.
            await RunAsync("chown", "-R", "postgres:postgres", _folder);
        }

        await RunAsync([.. AsServer, Path.Combine(Programs!, "initdb"), "-D", Path.Combine(_folder, "data"), "-U", Superuser, "--auth=scram-sha-256", "--pwfile", Path.Combine(_folder, "password"), "--no-sync", "--locale=C", "--encoding=UTF8"]);
        _port = new HeldPort();
        var port = _port.Number;
        await File.AppendAllTextAsync(Path.Combine(_folder, "data", "postgresql.conf"), $"port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nmax_connections = 400\n");
        _process = Process.Start(new ProcessStartInfo(AsServer.FirstOrDefault() ?? "/bin/sh", [.. AsServer.Skip(1), .. AsServer.Length > 0 ? (string[])["/bin/sh"] : [], "-c", Script, "postgres", _folder, Programs!])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var address = new PostgresAddress { Host = "127.0.0.1", Port = port, Database = "postgres", User = Superuser, Password = new SecretText(_password), Encryption = PostgresEncryption.Disable };
        for (var started = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            try
            {
                await using var connection = new NpgsqlConnection(Beep.Host.Data.ConnectionStrings.Of(address) + ";Pooling=false");
                await connection.OpenAsync();
                return address;
            }
            catch (NpgsqlException) when (started.Elapsed < TimeSpan.FromMinutes(3) && !_process.HasExited)
            {
            }
        }
    }

    private static string[] AsServer => Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] : [];

    private static async Task RunAsync(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{command[0]} ended with {process.ExitCode}: {await output}{await error}");
    }

    /// <summary>Debian keeps the server's programs out of PATH, in a folder by version.</summary>
    private static string? FindPrograms()
    {
        const string debian = "/usr/lib/postgresql";
        var folders = Directory.Exists(debian) ? Directory.GetDirectories(debian).OrderDescending(StringComparer.Ordinal).Select(version => Path.Combine(version, "bin")) : [];
        return OperatingSystem.IsWindows() ? null : folders
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));
    }
}
