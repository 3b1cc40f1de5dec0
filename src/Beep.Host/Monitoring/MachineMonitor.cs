using Beep.Host.Hosting;
using Beep.Host.Hosting.Gpus;

namespace Beep.Host.Monitoring;

/// <summary>Reads the machine when somebody looks, at most every two seconds however many look.</summary>
internal sealed class MachineMonitor(HostPaths paths, GpuMonitor gpus, TimeProvider time) : IDisposable
{
    private const string ProcessorTimes = "/proc/stat";
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _turn = new(1);
    private MachineReading? _last;
    private (long Busy, long All) _times = ReadProcessorTimes() ?? default;

    public async Task<MachineReading> ReadAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var now = time.GetUtcNow();
            if (_last is { } last && now - last.At < Fresh)
            {
                return last;
            }

            return _last = Read(now, await gpus.ReadAsync(cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private MachineReading Read(DateTimeOffset now, IReadOnlyList<GpuReading> read)
    {
        var machine = Machine.Current();
        var drive = FindDrive(paths.Home);
        return new MachineReading
        {
            At = now,
            Cores = Environment.ProcessorCount,
            Load = MeasureLoad(),
            MemoryBytes = machine.MemoryBytes,
            FreeMemoryBytes = machine.FreeMemoryBytes,
            DiskBytes = drive?.TotalSize,
            FreeDiskBytes = drive?.AvailableFreeSpace,
            Gpus = read,
        };
    }

    private double? MeasureLoad()
    {
        if (ReadProcessorTimes() is not { } times)
        {
            return null;
        }

        var (busy, all) = (times.Busy - _times.Busy, times.All - _times.All);
        _times = times;
        return all > 0 ? Math.Clamp((double)busy / all, 0, 1) : null;
    }

    /// <summary>The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal in ticks.</summary>
    private static (long Busy, long All)? ReadProcessorTimes()
    {
        if (!File.Exists(ProcessorTimes))
        {
            return null;
        }

        var ticks = File.ReadLines(ProcessorTimes).First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(text => long.TryParse(text, out var value) ? value : 0).ToList();
        var idle = ticks.Count > 4 ? ticks[3] + ticks[4] : 0;
        return (ticks.Sum() - idle, ticks.Sum());
    }

    private static DriveInfo? FindDrive(string path)
    {
        try
        {
            var drive = new DriveInfo(path);
            _ = drive.TotalSize;
            return drive;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
