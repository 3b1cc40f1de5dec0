using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Beep.Host.Hosting.Processes;

/// <summary>
/// A child with all that it started: its process group and session, and whatever carries its mark in the environment, which a
/// descendant keeps when it leaves the session.
/// </summary>
internal sealed record ProcessGroup(ProcessIdentity? Leader, string Mark)
{
    /// <summary>The variable that holds the mark.</summary>
    public const string Variable = "BEEP_TASK";

    /// <summary>Whether the leader was running a moment ago: until the last one of its session ends, nobody else gets its number.</summary>
    public bool OwnsNumber { get; init; }

    private const int Terminate = 15;
    private const int Kill = 9;
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(500);
    // A process in an uninterruptible call of the system outlives even this.
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

    /// <summary>The ids of all that still run.</summary>
    public IReadOnlyList<int> Members()
    {
        if (!OperatingSystem.IsLinux())
        {
            return Leader?.IsAlive() == true ? [Leader.Pid] : [];
        }

        // While the leader is in the table, even as a zombie, no other group can have its number. Long afterwards only the mark tells.
        var leader = Leader is { IsOnThisMachine: true } known && (OwnsNumber || ProcessTable.Read(known.Pid)?.StartedTicks == known.StartedTicks) ? known.Pid : (int?)null;
        return [.. ProcessTable.ReadAll()
            .Where(entry => !entry.IsEnded && entry.Pid > 1 && entry.Pid != Environment.ProcessId)
            .Where(entry => entry.Group == leader || entry.Session == leader || ProcessTable.HasVariable(entry.Pid, Variable, Mark))
            .Select(entry => entry.Pid)];
    }

    /// <summary>Asks all of them to end, waits, and ends those that remain; whether none is left.</summary>
    public async Task<bool> EndAsync(TimeSpan grace, TimeProvider time)
    {
        if (grace > TimeSpan.Zero && Signal(Terminate) && await IsGoneAsync(grace, time, again: null).ConfigureAwait(false))
        {
            return true;
        }

        // Again and again: a process may have forked between the look and the signal.
        return !Signal(Kill) || await IsGoneAsync(KillLimit, time, again: () => Signal(Kill)).ConfigureAwait(false);
    }

    private async Task<bool> IsGoneAsync(TimeSpan limit, TimeProvider time, Action? again)
    {
        var started = time.GetTimestamp();
        for (var look = FirstLook; ; look = look * 2 < LongestLook ? look * 2 : LongestLook)
        {
            // Asked before looking: whoever stood still until after the limit has looked after it.
            var isLast = time.GetElapsedTime(started) >= limit;
            if (Members().Count == 0)
            {
                return true;
            }

            if (isLast)
            {
                return false;
            }

            await Task.Delay(look, time).ConfigureAwait(false);
            again?.Invoke();
        }
    }

    /// <summary>False when there is none to signal.</summary>
    private bool Signal(int signal)
    {
        var members = Members();
        foreach (var pid in members)
        {
            if (OperatingSystem.IsLinux())
            {
                _ = SendSignal(pid, signal);
            }
            else
            {
                EndTree(pid);
            }
        }

        return members.Count > 0;
    }

    private static void EndTree(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill(entireProcessTree: true);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended meanwhile; the look that follows says so.
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int pid, int signal);
}
