using System.Runtime.Versioning;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Tests.Support;

/// <content>One with an accounting of its own: a real slurmdbd on a real MariaDB. Its controller soon forgets what has ended.</content>
public sealed partial class TestCluster
{
    public const string AccountingMissing = "Slurm's accounting is not installed: run ./test as root on a Debian system, or install the packages slurmdbd and mariadb-server.";

    /// <summary>How long its controller knows a job that has ended.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromSeconds(2);

    private readonly bool _isAccounted;

    private string DatabaseSocket => Path.Combine(_folder, "run", "database");

    /// <summary>Such a cluster, for the caller to dispose of; skips the test where there can be none.</summary>
    public static TestCluster CreateAccounted()
    {
        Assert.SkipUnless(IsInstalled, Missing);
        Assert.SkipUnless(Find("slurmdbd") is not null && Find("mariadbd") is not null && Find("mariadb-install-db") is not null, AccountingMissing);
        return new TestCluster(isAccounted: true);
    }

    /// <summary>Has the controller begin anew, which forgets jobs that ended longer ago than it keeps them.</summary>
    public async Task RestartControllerAsync()
    {
        if (_daemons.Remove("slurmctld", out var former))
        {
            former.StandardInput.Close();
            await former.WaitForExitAsync();
            former.Dispose();
        }

        await StartControllerAsync();
    }

    /// <summary>Returns what the configuration of the cluster says about it.</summary>
    [UnsupportedOSPlatform("windows")]
    private async Task<string> StartAccountingAsync(string munge, string user)
    {
        var data = Path.Combine(_folder, "data");
        var made = await CommandRun.RunAsync(
            Find("mariadb-install-db")!, ["--no-defaults", $"--datadir={data}", $"--user={user}", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"], new Dictionary<string, string>(), Patience, CancellationToken.None);
        Assert.True(made.IsGood, made.Error);
        // Nobody but the one who may read the folder of its socket can reach it.
        Launch("mariadbd", "mariadbd", "--no-defaults", $"--user={user}", $"--datadir={data}", $"--socket={DatabaseSocket}", $"--pid-file={_folder}/run/database.pid", "--skip-networking", "--skip-grant-tables", "--innodb-buffer-pool-size=64M", "--innodb-lock-wait-timeout=900");
        await UntilAsync(() => Task.FromResult(File.Exists(DatabaseSocket)));
        var (port, log) = (Hold("slurmdbd"), Path.Combine(_folder, "slurmdbd.log"));
        var configuration = Path.Combine(_folder, "slurmdbd.conf");
        await File.WriteAllTextAsync(configuration, $"""
            AuthType=auth/munge
            AuthInfo=socket={munge}
            DbdHost=localhost
            DbdPort={port}
            SlurmUser={user}
            StorageType=accounting_storage/mysql
            StorageHost=localhost
            StorageUser={user}
            StorageLoc=accounting
            PidFile={_folder}/slurmdbd.pid
            LogFile={log}

            """);
        File.SetUnixFileMode(configuration, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Launch("slurmdbd", "slurmdbd", "-D");
        await UntilAsync(async () => File.Exists(log) && (await File.ReadAllTextAsync(log)).Contains(" started", StringComparison.Ordinal) && await ListensAsync("slurmdbd"));
        return $"""
            AccountingStorageType=accounting_storage/slurmdbd
            AccountingStorageHost=localhost
            AccountingStoragePort={port}
            AccountingStoragePass={munge}
            """;
    }
}
