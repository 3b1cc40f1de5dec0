using Beep.Host.Hosting.Processes;

namespace Beep.Host.Hosting.Gpus;

/// <summary>Asks the tools of the makers, at most every few seconds however many ask.</summary>
/// <param name="time">The clock.</param>
/// <param name="tools">Which tools; null for those of this system.</param>
internal sealed class GpuMonitor(TimeProvider time, IReadOnlyList<IGpuTool>? tools = null) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan OfTools = TimeSpan.FromSeconds(5);

    private static readonly IReadOnlyList<IGpuTool> OfSystem = OperatingSystem.IsMacOS() ? [new AppleTool()] : [new NvidiaTool(), new AmdTool()];

    private readonly SemaphoreSlim _turn = new(1);
    private (DateTimeOffset At, IReadOnlyList<GpuReading> Gpus)? _last;

    /// <summary>How long a tool may take: a broken driver may keep it waiting for good.</summary>
    public TimeSpan Patience { get; init; } = OfTools;

    /// <summary>Every GPU, by its number; none where no tool tells of one.</summary>
    public async Task<IReadOnlyList<GpuReading>> ReadAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_last is { } last && time.GetUtcNow() - last.At < Fresh)
            {
                return last.Gpus;
            }

            var gpus = await AskAsync(tools ?? OfSystem, Patience, cancellationToken).ConfigureAwait(false);
            _last = (time.GetUtcNow(), gpus);
            return gpus;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Asks now.</summary>
    public static Task<IReadOnlyList<GpuReading>> AskAsync(CancellationToken cancellationToken) => AskAsync(OfSystem, OfTools, cancellationToken);

    /// <summary>A machine with GPUs of two makers shows those of the first that tells of any.</summary>
    private static async Task<IReadOnlyList<GpuReading>> AskAsync(IReadOnlyList<IGpuTool> tools, TimeSpan patience, CancellationToken cancellationToken)
    {
        foreach (var tool in tools)
        {
            if (await AskAsync(tool, patience, cancellationToken).ConfigureAwait(false) is { Count: > 0 } gpus)
            {
                return gpus;
            }
        }

        return [];
    }

    public void Dispose() => _turn.Dispose();

    private static async Task<IReadOnlyList<GpuReading>> AskAsync(IGpuTool tool, TimeSpan patience, CancellationToken cancellationToken)
    {
        var answer = await CommandRun.RunAsync(tool.Program, tool.Arguments, new Dictionary<string, string>(), patience, cancellationToken).ConfigureAwait(false);
        return answer.IsGood ? tool.Parse(answer.Output) : [];
    }
}
