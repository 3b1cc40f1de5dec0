using System.Text;
using Beep.Host.Hosting.Processes;
using Beep.Tests;

namespace Beep.Host.Tests.Hosting.Processes;

public sealed class OutputLogTests
{
    [Fact]
    public async Task CopyFromAsync_MoreThanTheBound_DrainsEverythingAndSaysWhatIsMissing()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("output.log");
        var source = new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n"))));
        using (var log = new OutputLog(path, maxBytes: 50_000))
        {
            await log.CopyFromAsync(source, TestContext.Current.CancellationToken);
            Assert.Equal(["line 19998", "line 19999"], log.LastLines(2));
        }

        Assert.Equal(source.Length, source.Position);
        var text = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        Assert.EndsWith("\n(output beyond 50,000 bytes is left out)\n", text, StringComparison.Ordinal);
        Assert.InRange(text.Length, 1, 50_100);
    }

    [Fact]
    public async Task LastLines_ControlCharacters_CannotReachATerminal()
    {
        using var folder = new TemporaryFolder();
        using var log = new OutputLog(folder.At("output.log"));
        await log.CopyFromAsync(new MemoryStream("\e[2Jgone\u202Eevil\n"u8.ToArray()), TestContext.Current.CancellationToken);
        Assert.Equal(["?[2Jgone?evil"], log.LastLines(5));
    }

    [Fact]
    public async Task Drain_CopyingThatIsLate_IsWaitedForAndAPipeThatIsHeldOpenIsNot()
    {
        // Two seconds by the clock are over at the first look.
        var late = new TaskCompletionSource();
        Assert.False(await IsLetGoAsync(late.Task, new JumpingTime(looks =>
        {
            if (looks == 5)
            {
                late.SetResult();
            }
        })));
        Assert.True(await IsLetGoAsync(new TaskCompletionSource().Task, new JumpingTime(_ => { })));
        Assert.True(await IsLetGoAsync(Task.FromException(new IOException("broken")), TimeProvider.System));
    }

    private static async Task<bool> IsLetGoAsync(Task copied, TimeProvider time)
    {
        using var pipes = new CancellationTokenSource();
        await OutputLog.DrainAsync(copied, pipes, time);
        return pipes.IsCancellationRequested;
    }

    /// <summary>A clock by which every wait is over at once, and an hour with it.</summary>
    private sealed class JumpingTime(Action<int> look) : TimeProvider
    {
        private int _looks;

        public override long GetTimestamp() => _looks * TimestampFrequency * 3600;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            look(++_looks);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
