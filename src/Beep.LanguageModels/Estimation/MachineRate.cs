using System.Diagnostics;
using System.Numerics;

namespace Beep.LanguageModels.Estimation;

/// <summary>How fast this machine multiplies, measured for a moment on one core.</summary>
internal static class MachineRate
{
    // Of the peak of all cores, what a training step of a small model reached in performance.md's measurements (section 3: 23 to 29 %).
    private const double ShareOfPeak = 0.25;

    private static readonly TimeSpan Measured = TimeSpan.FromMilliseconds(30);

    /// <summary>Floating-point operations a second that a training run may be expected to do on all cores.</summary>
    public static double Measure() => MeasureCore() * Math.Max(1, Environment.ProcessorCount) * ShareOfPeak;

    /// <summary>Multiply-adds on vectors, in eight chains so that none waits for its own result.</summary>
    private static double MeasureCore()
    {
        const int rounds = 20_000, chains = 8, operationsPerElement = 2;
        Run(rounds);
        var (best, begin) = (double.MaxValue, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(begin) < Measured)
        {
            var start = Stopwatch.GetTimestamp();
            Run(rounds);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return (double)rounds * chains * Vector<float>.Count * operationsPerElement / best;
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveOptimization)]
    private static float Run(int rounds)
    {
        var factor = new Vector<float>(0.999f);
        Vector<float> a = new(1f), b = new(2f), c = new(3f), d = new(4f), e = new(5f), f = new(6f), g = new(7f), h = new(8f);
        for (var i = 0; i < rounds; i++)
        {
            a = Vector.FusedMultiplyAdd(a, factor, factor);
            b = Vector.FusedMultiplyAdd(b, factor, factor);
            c = Vector.FusedMultiplyAdd(c, factor, factor);
            d = Vector.FusedMultiplyAdd(d, factor, factor);
            e = Vector.FusedMultiplyAdd(e, factor, factor);
            f = Vector.FusedMultiplyAdd(f, factor, factor);
            g = Vector.FusedMultiplyAdd(g, factor, factor);
            h = Vector.FusedMultiplyAdd(h, factor, factor);
        }

        return Vector.Sum(a + b + c + d + e + f + g + h);
    }
}
