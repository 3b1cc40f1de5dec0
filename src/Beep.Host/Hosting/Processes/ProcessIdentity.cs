using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Beep.Host.Hosting.Processes;

/// <summary>One process and no other: a process id is given to the next one when its owner is gone, the id with the start is not.</summary>
/// <param name="Machine">Where the id means something; see <see cref="ThisMachine"/>.</param>
/// <param name="Pid">The process id, which is the id of its group and session too where this program started it on Linux.</param>
/// <param name="StartedTicks">On Linux in clock ticks since the boot, elsewhere in ticks of UTC.</param>
internal sealed record ProcessIdentity(string Machine, int Pid, long StartedTicks)
{
    /// <summary>One boot of one system, and on Linux one space of process ids: two containers on a machine are two.</summary>
    public static string ThisMachine { get; } = FindMachine();

    /// <summary>This program's own.</summary>
    public static ProcessIdentity Current { get; } = Of(Environment.ProcessId) ?? throw new InvalidOperationException("The system does not say when this process was started.");

    public bool IsOnThisMachine => Machine == ThisMachine;

    /// <summary>Whether it was of this machine before the machine was started again, which it cannot have outlived.</summary>
    public bool IsOfFormerBoot => !IsOnThisMachine && Machine.Split(':')[0] == ThisMachine.Split(':')[0];

    /// <summary>The process that has the id now; null when none has.</summary>
    public static ProcessIdentity? Of(int pid) => StartOf(pid) is { } start ? new ProcessIdentity(ThisMachine, pid, start) : null;

    /// <summary>Reads what <see cref="ToString"/> wrote; null when it is none.</summary>
    public static ProcessIdentity? Parse(string? text) =>
        text?.Split('/') is [{ Length: > 0 } machine, var pid, var start, ..]
        && int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        && long.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            ? new ProcessIdentity(machine, id, ticks)
            : null;

    /// <summary>Whether it runs; only this machine can say.</summary>
    public bool IsAlive() => IsOnThisMachine && StartOf(Pid) == StartedTicks && (!OperatingSystem.IsLinux() || ProcessTable.Read(Pid) is { IsEnded: false });

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Machine}/{Pid}/{StartedTicks}");

    private static long? StartOf(int pid)
    {
        if (OperatingSystem.IsLinux())
        {
            return ProcessTable.Read(pid)?.StartedTicks;
        }

        try
        {
            using var process = Process.GetProcessById(pid);
            return process.StartTime.ToUniversalTime().Ticks;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }

    private static string FindMachine()
    {
        const string machine = "/etc/machine-id";
        const string boot = "/proc/sys/kernel/random/boot_id";
        const string space = "/proc/self/ns/pid";
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.MachineName}\n{(File.Exists(machine) ? File.ReadAllText(machine) : "")}")))[..16];
        if (!OperatingSystem.IsLinux() || !File.Exists(boot))
        {
            return name;
        }

        var number = File.ResolveLinkTarget(space, returnFinalTarget: false)?.Name ?? "";
        return $"{name}:{File.ReadAllText(boot).Trim()}-{string.Concat(number.Where(char.IsAsciiDigit))}";
    }
}
