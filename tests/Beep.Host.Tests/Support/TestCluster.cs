using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Beep.Host.Hosting.Processes;
using Beep.Host.Tests.Support;
using Beep.Tests;

[assembly: AssemblyFixture(typeof(TestCluster))]

namespace Beep.Host.Tests.Support;

/// <summary>
/// A real Slurm of the tests' own on this machine, started when the first test wants one: two nodes, <c>n1</c> in the partition
/// <c>main</c>, both in <c>wide</c>, and GPUs that are none on <c>n2</c>. A job that is put back begins again after some seconds. On
/// <c>n2</c>, one of the partition <c>urgent</c> puts those of <c>spare</c> back at once and those of <c>graced</c> after a grace, and ends
/// those of <c>ended</c>.
/// </summary>
public sealed partial class TestCluster : IAsyncDisposable
{
    public const string Missing = "Slurm is not installed: run ./test as root on a Debian system, or install the packages slurmctld, slurmd, slurm-client and munge.";

    // Ends the daemon when its input ends, which the system sees to when this process is gone.
    private const string Script = "\"$@\" & daemon=$!; cat >/dev/null; kill -TERM $daemon; wait $daemon";

    // Longer than any machine takes.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Lazy<Task> _start;
    private readonly Dictionary<string, Process> _daemons = [];
    private readonly Dictionary<string, HeldPort> _ports = [];
    private readonly string _folder;

    public TestCluster()
        : this(isAccounted: false)
    {
    }

    private TestCluster(bool isAccounted)
    {
        _isAccounted = isAccounted;
        _folder = OperatingSystem.IsWindows() ? "" : Directory.CreateTempSubdirectory("beep-slurm-").FullName;
        _start = new(() => OperatingSystem.IsWindows() ? Task.CompletedTask : StartAsync());
    }

    public static bool IsInstalled => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Find("slurmctld") is not null && Find("slurmd") is not null && Find("munged") is not null && Find("sbatch") is not null;

    /// <summary>Its slurm.conf.</summary>
    public string Configuration => Path.Combine(_folder, "slurm.conf");

    /// <summary>Skips the test where there is none, else starts it, and frees it of what a failed test left.</summary>
    public async Task ReadyAsync()
    {
        Assert.SkipUnless(IsInstalled, Missing);
        await _start.Value;
        await RunAsync("scancel", "--signal=KILL", "--full", $"--user={UnixUser.Id}");
        await RunAsync("scancel", $"--user={UnixUser.Id}");
        await UntilAsync(async () => (await RunAsync("squeue", "--noheader")).Length == 0);
    }

    /// <summary>Runs one of its commands.</summary>
    public async Task<string> RunAsync(string command, params string[] arguments)
    {
        var answer = await AskAsync(command, arguments);
        Assert.True(answer.IsGood, $"{command} {string.Join(' ', arguments)}: {answer.Error}");
        return answer.Output.Trim();
    }

    /// <summary>Runs one of its commands, which may be refused.</summary>
    public async Task<bool> TryAsync(string command, params string[] arguments) => (await AskAsync(command, arguments)).IsGood;

    private Task<CommandAnswer> AskAsync(string command, string[] arguments) =>
        CommandRun.RunAsync(Find(command)!, arguments, new Dictionary<string, string> { ["SLURM_CONF"] = Configuration, ["TZ"] = "UTC" }, Patience, CancellationToken.None);

    /// <summary>Every job of a name that it knows, ended or not: number, state and reason.</summary>
    public async Task<IReadOnlyList<string>> JobsAsync(string name) =>
        (await RunAsync("squeue", "--noheader", "--all", "--states=all", $"--name={name}", "--format=%i %T %r")).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Ends the daemon of a node as a power cut would; with all that runs there where that is wanted.</summary>
    public async Task KillNodeAsync(string node, bool withJobs)
    {
        End(int.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, $"slurmd.{node}.pid")), CultureInfo.InvariantCulture));
        await UntilAsync(async () => !await ListensAsync(node));
        if (withJobs)
        {
            var processes = ProcessTable.ReadAll().Where(process => ProcessTable.ReadVariable(process.Pid, "SLURMD_NODENAME") == node || ProcessTable.ReadVariable(process.Pid, "SLURM_JOB_NODELIST") == node).Select(process => process.Pid).ToList();
            // The helper of a job, which would say how it ended, is the parent of its script.
            foreach (var pid in processes.Select(ParentOf).OfType<int>().Where(IsStep).Concat(processes).Distinct())
            {
                End(pid);
            }

            // As the controller sees for itself some minutes later.
            await RunAsync("scontrol", "update", $"NodeName={node}", "State=DOWN", "Reason=power");
        }
    }

    public async Task StartNodeAsync(string node)
    {
        if (_daemons.Remove(node, out var former))
        {
            former.StandardInput.Close();
            former.Dispose();
        }

        Launch(node, "slurmd", "-D", "-f", Configuration, "-N", node);
        // What the controller says of one that was away for a moment is what it knew before.
        await UntilAsync(() => ListensAsync(node));
        await UntilAsync(async () =>
        {
            var state = (await RunAsync("sinfo", "--noheader", "--Node", $"--nodes={node}", "--format=%t")).Split('\n')[0].Trim();
            if (state.StartsWith("down", StringComparison.Ordinal))
            {
                // It may have come back by itself since.
                await CommandRun.RunAsync(Find("scontrol")!, ["update", $"NodeName={node}", "State=RESUME"], new Dictionary<string, string> { ["SLURM_CONF"] = Configuration }, Patience, CancellationToken.None);
            }

            return state is "idle" or "mix" or "alloc" or "comp";
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_daemons.Count > 0)
        {
            await CommandRun.RunAsync(Find("scancel")!, [$"--user={UnixUser.Id}"], new Dictionary<string, string> { ["SLURM_CONF"] = Configuration }, Patience, CancellationToken.None);
            for (var waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromSeconds(60) && await CommandRun.RunAsync(Find("squeue")!, ["--noheader"], new Dictionary<string, string> { ["SLURM_CONF"] = Configuration }, Patience, CancellationToken.None) is { IsGood: true, Output.Length: > 0 };)
            {
                await Task.Delay(200);
            }
        }

        foreach (var name in new[] { "n1", "n2", "slurmctld", "slurmdbd", "mariadbd", "munged" })
        {
            if (_daemons.TryGetValue(name, out var daemon))
            {
                daemon.StandardInput.Close();
                await daemon.WaitForExitAsync();
                daemon.Dispose();
            }
        }

        // The controller has a helper of its own, and a node one for each job.
        foreach (var process in _folder.Length == 0 ? [] : ProcessTable.ReadAll().Where(process => ProcessTable.ReadVariable(process.Pid, "SLURM_CONF") == Configuration && process.Pid != Environment.ProcessId))
        {
            End(process.Pid);
        }

        foreach (var port in _ports.Values)
        {
            port.Dispose();
        }

        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private async Task StartAsync()
    {
        // The socket must be open to everybody, the key to nobody.
        Directory.CreateDirectory(Path.Combine(_folder, "run"));
        foreach (var open in new[] { _folder, Path.Combine(_folder, "run") })
        {
            File.SetUnixFileMode(open, (UnixFileMode)0b111_101_101);
        }

        foreach (var name in new[] { "munge", "state", "spool" })
        {
            Directory.CreateDirectory(Path.Combine(_folder, name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var key = Path.Combine(_folder, "munge", "key");
        await File.WriteAllBytesAsync(key, RandomNumberGenerator.GetBytes(1024));
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        var socket = Path.Combine(_folder, "run", "munge");
        var (controller, first, second) = (Hold("slurmctld"), Hold("n1"), Hold("n2"));
        var (host, user) = (Dns.GetHostName(), Environment.UserName);
        Launch("munged", "munged", "--foreground", $"--key-file={key}", $"--socket={socket}", $"--pid-file={_folder}/run/munge.pid", $"--log-file={_folder}/munge/log", $"--seed-file={_folder}/munge/seed", "--num-threads=10");
        await UntilAsync(() => Task.FromResult(File.Exists(socket)));
        var accounting = _isAccounted ? await StartAccountingAsync(socket, user) : "AccountingStorageType=accounting_storage/none";
        await File.WriteAllTextAsync(Configuration, $"""
            ClusterName=beeptest
            SlurmctldHost={host}(127.0.0.1)
            SlurmctldPort={controller}
            AuthType=auth/munge
            AuthInfo=socket={socket},cred_expire=5
            SlurmUser={user}
            SlurmdUser={user}
            StateSaveLocation={_folder}/state
            SlurmdSpoolDir={_folder}/spool/%n
            SlurmctldPidFile={_folder}/slurmctld.pid
            SlurmdPidFile={_folder}/slurmd.%n.pid
            SlurmctldLogFile={_folder}/slurmctld.log
            SlurmdLogFile={_folder}/slurmd.%n.log
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            JobAcctGatherType=jobacct_gather/none
            SwitchType=switch/none
            MpiDefault=none
            SelectType=select/cons_tres
            SelectTypeParameters=CR_Core
            SchedulerType=sched/backfill
            SchedulerParameters=bf_interval=1,batch_sched_delay=0,sched_interval=5
            ReturnToService=2
            KillWait=20
            MinJobAge={(_isAccounted ? (int)Memory.TotalSeconds : 300)}
            SlurmdTimeout=300
            MessageTimeout=60
            BatchStartTimeout=2
            PreemptType=preempt/partition_prio
            PreemptMode=REQUEUE
            SlurmctldParameters=preempt_send_user_signal
            {accounting}
            GresTypes=gpu
            NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={first} CPUs=2 RealMemory=2000 State=UNKNOWN
            NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={second} CPUs=2 RealMemory=2000 Gres=gpu:none:2 State=UNKNOWN
            PartitionName=main Nodes=n1 Default=YES MaxTime=60 State=UP PreemptMode=OFF
            PartitionName=wide Nodes=n1,n2 MaxTime=INFINITE State=UP PreemptMode=OFF
            PartitionName=closed Nodes=n2 MaxTime=60 State=DOWN PreemptMode=OFF
            PartitionName=spare Nodes=n2 MaxTime=60 State=UP PreemptMode=REQUEUE
            PartitionName=graced Nodes=n2 MaxTime=60 State=UP PreemptMode=REQUEUE GraceTime=15
            PartitionName=ended Nodes=n2 MaxTime=60 State=UP PreemptMode=CANCEL
            PartitionName=urgent Nodes=n2 MaxTime=60 State=UP PriorityTier=10 PreemptMode=OFF

            """);
        await File.WriteAllTextAsync(Path.Combine(_folder, "gres.conf"), "NodeName=n2 Name=gpu Type=none File=/dev/tty[0-1]\n");
        await StartControllerAsync();
        await Task.WhenAll(StartNodeAsync("n1"), StartNodeAsync("n2"));
    }

    private async Task StartControllerAsync()
    {
        Launch("slurmctld", "slurmctld", "-D", "-f", Configuration);
        await UntilAsync(async () => (await CommandRun.RunAsync(Find("sinfo")!, [], new Dictionary<string, string> { ["SLURM_CONF"] = Configuration }, Patience, CancellationToken.None)).IsGood);
    }

    private void Launch(string name, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, "daemon", Find(program)!, .. arguments]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["SLURM_CONF"] = Configuration;
        start.Environment["MYSQL_UNIX_PORT"] = DatabaseSocket;
        var daemon = Process.Start(start)!;
        daemon.OutputDataReceived += (_, _) => { };
        daemon.ErrorDataReceived += (_, _) => { };
        daemon.BeginOutputReadLine();
        daemon.BeginErrorReadLine();
        lock (_daemons)
        {
            _daemons[name] = daemon;
        }
    }

    private static int? ParentOf(int pid) => Read($"/proc/{pid}/status").Split('\n').FirstOrDefault(line => line.StartsWith("PPid:", StringComparison.Ordinal)) is { } line ? int.Parse(line.AsSpan(5), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture) : null;

    private static bool IsStep(int pid) => Read($"/proc/{pid}/cmdline").StartsWith("slurmstepd", StringComparison.Ordinal);

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static void End(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended meanwhile.
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var waited = Stopwatch.StartNew(); !await isSo(); await Task.Delay(100))
        {
            Assert.True(waited.Elapsed < Patience, "Slurm does not start.");
        }
    }

    private static string? Find(string program) => Programs.Find(program) ?? (File.Exists($"/usr/sbin/{program}") ? $"/usr/sbin/{program}" : null);

    /// <summary>The port of a daemon, which nobody else gets.</summary>
    private int Hold(string name) => (_ports[name] = new HeldPort()).Number;

    /// <summary>Whether a daemon takes connections.</summary>
    private async Task<bool> ListensAsync(string name)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, _ports[name].Number);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
