namespace Beep.Bench.Serving;

/// <summary>How long answers took, in milliseconds, and how many of them were refusals or failures.</summary>
internal sealed class Latencies
{
    private readonly List<double> _milliseconds = [];
    private readonly Lock _lock = new();
    private double[]? _sorted;

    public int Count => _milliseconds.Count;

    public int Failures { get; private set; }

    public double Max => At(1);

    public void Add(TimeSpan took, bool isGood)
    {
        lock (_lock)
        {
            _milliseconds.Add(took.TotalMilliseconds);
            Failures += isGood ? 0 : 1;
            _sorted = null;
        }
    }

    /// <summary>What that part of all answers stayed under.</summary>
    public double At(double part)
    {
        lock (_lock)
        {
            _sorted ??= [.. _milliseconds.Order()];
            return _sorted.Length == 0 ? 0 : _sorted[Math.Min(_sorted.Length - 1, (int)Math.Ceiling(part * _sorted.Length) - 1)];
        }
    }

    public static Latencies Of(IEnumerable<Latencies> parts)
    {
        var all = new Latencies();
        foreach (var part in parts)
        {
            all._milliseconds.AddRange(part._milliseconds);
            all.Failures += part.Failures;
        }

        return all;
    }
}
