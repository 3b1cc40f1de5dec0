using Beep.Contracts;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Environments.Making;

/// <summary>The parts of a run: each has a share of the progress, and a failed one says so.</summary>
internal sealed class EnvironmentSteps(IEnvironmentRun run, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private const int LongestMessage = 160;

    private (int From, int To) _share;

    public IEnvironmentRun Run => run;

    /// <summary>Does a part.</summary>
    /// <param name="name">As people follow it.</param>
    /// <param name="from">The progress at its beginning.</param>
    /// <param name="to">The progress at its end.</param>
    /// <param name="work">Returns what came of it, and says it in a few words.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    public async Task<T> DoAsync<T>(string name, int from, int to, Func<Task<(T Result, string? Message)>> work, CancellationToken cancellationToken)
    {
        _share = (from, to);
        run.Log($"== {name}");
        await run.BeginStepAsync(name, cancellationToken).ConfigureAwait(false);
        await run.ReportAsync(from, name, cancellationToken).ConfigureAwait(false);
        try
        {
            var (result, message) = await work().ConfigureAwait(false);
            await run.CompleteStepAsync(name, message, cancellationToken).ConfigureAwait(false);
            await run.ReportAsync(to, message ?? name, cancellationToken).ConfigureAwait(false);
            return result;
        }
        catch (FaultException fault)
        {
            await run.FailStepAsync(name, fault.Faults[0].Message, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Runs a program to its end and returns its exit code; null where it took longer than it may.</summary>
    /// <param name="start">What to run.</param>
    /// <param name="limit">How long it may take; null for as long as it needs.</param>
    /// <param name="done">How much of the part is done, 0 to 1; null where nobody can tell.</param>
    /// <param name="cancellationToken">Ends it, with all that it started, before this returns.</param>
    public async Task<int?> RunAsync(ChildProcessStart start, TimeSpan? limit, Func<double>? done, CancellationToken cancellationToken)
    {
        run.Log($"$ {string.Join(' ', start.Arguments.Prepend(start.FileName))}");
        var child = await run.StartAsync(start, cancellationToken).ConfigureAwait(false);
        var started = time.GetTimestamp();
        var ended = child.WaitAsync(cancellationToken);
        try
        {
            while (!ended.IsCompleted)
            {
                await Task.WhenAny(ended, Task.Delay(LookEvery, time, cancellationToken)).ConfigureAwait(false);
                if (limit is { } most && time.GetElapsedTime(started) > most && !ended.IsCompleted)
                {
                    await child.EndAsync(Grace).ConfigureAwait(false);
                    return null;
                }

                if (run.LastLines(1) is [var line])
                {
                    var share = Math.Clamp(done?.Invoke() ?? 0, 0, 1);
                    await run.ReportAsync(_share.From + (int)((_share.To - _share.From) * share), line.Length <= LongestMessage ? line : line[..LongestMessage], cancellationToken).ConfigureAwait(false);
                }
            }

            return await ended.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // What it writes must not come after what is removed.
            await child.EndAsync(Grace).ConfigureAwait(false);
            throw;
        }
    }
}
