using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Beep.Host.Identity.Passwords;

/// <summary>
/// Threads for work that takes a processor for a tenth of a second: one fewer than there are processors, and behind everything
/// else that wants to run. On the pool's own threads a flood of sign-ins would be in the way of every other request.
/// </summary>
internal sealed class HashingThreads : IDisposable
{
    // Enough to give way to requests; not so much that nobody can sign in while a training has all processors.
    private const int Nice = 5;

    private readonly BlockingCollection<Action> _work = [];
    private readonly Lock _lock = new();
    private bool _isStarted;

    /// <summary>Runs it after what was there before.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        Start();
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        });
        return done.Task;
    }

    /// <summary>What is there yet is still done.</summary>
    public void Dispose() => _work.CompleteAdding();

    /// <summary>With the first password and not before: commands that check none have no such threads.</summary>
    private void Start()
    {
        lock (_lock)
        {
            if (_isStarted)
            {
                return;
            }

            _isStarted = true;
            for (var count = Math.Max(1, Environment.ProcessorCount - 1); count > 0; count--)
            {
                new Thread(Run) { IsBackground = true, Name = "passwords", Priority = ThreadPriority.BelowNormal }.Start();
            }
        }
    }

    private void Run()
    {
        if (OperatingSystem.IsLinux())
        {
            // Linux knows no priorities of .NET. There, a thread is what this call calls a process, and 0 is the caller.
            _ = SetPriority(which: 0, who: 0, Nice);
        }

        foreach (var work in _work.GetConsumingEnumerable())
        {
            work();
        }
    }

    [DllImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetPriority(int which, int who, int priority);
}
