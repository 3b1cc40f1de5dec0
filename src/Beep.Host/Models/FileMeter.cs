using Beep.Host.Hosting;

namespace Beep.Host.Models;

/// <summary>How far work on files is.</summary>
/// <param name="Step">What is being done now.</param>
/// <param name="Percent">0 to 100.</param>
/// <param name="Message">In words, with the rate.</param>
internal sealed record FileProgress(string Step, int Percent, string Message);

/// <summary>Counts bytes and says a few times a second how far they are and how fast they come; what came lately counts most.</summary>
internal sealed class FileMeter(TimeProvider time, string step, long total, Func<FileProgress, Task> report)
{
    private const double MemorySeconds = 5;

    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(250);

    private long _done;
    private long _readAt = time.GetTimestamp();
    private long _read;
    private double? _rate;

    public long Done => Interlocked.Read(ref _done);

    public void Add(long bytes) => Interlocked.Add(ref _done, bytes);

    /// <summary>What was there before: it is done, and did not come now.</summary>
    public void Begin(long bytes) => _done = _read = bytes;

    /// <summary>Does the work; reports meanwhile and when it is done. Reports never overlap and none comes after the end.</summary>
    public async Task RunAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        using var reporting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reports = ReportAsync(reporting.Token);
        try
        {
            await work();
        }
        finally
        {
            await reporting.CancelAsync();
            await reports;
        }

        Interlocked.Exchange(ref _done, total);
        await report(Read());
    }

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await report(Read());
                await Task.Delay(ReportEvery, time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The work has ended.
        }
    }

    private FileProgress Read()
    {
        var done = Math.Clamp(Done, 0, total);
        var rate = RateOf(done);
        var words = $"{Units.Bytes(done)} of {Units.Bytes(total)}";
        if (rate > 0 && done < total)
        {
            words += $" · {Units.Bytes(rate)}/s · {Units.Duration((total - done) / rate)} left";
        }

        return new FileProgress(step, total == 0 ? 100 : (int)(done * 100 / total), words);
    }

    /// <summary>Bytes a second.</summary>
    private double RateOf(long done)
    {
        var seconds = time.GetElapsedTime(_readAt).TotalSeconds;
        if (seconds >= 0.1)
        {
            var now = Math.Max(0, done - _read) / seconds;
            var weight = Math.Exp(-seconds / MemorySeconds);
            _rate = _rate is { } before ? (before * weight) + (now * (1 - weight)) : now;
            (_readAt, _read) = (time.GetTimestamp(), done);
        }

        return _rate ?? 0;
    }
}
