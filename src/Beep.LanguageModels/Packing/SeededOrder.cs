namespace Beep.LanguageModels.Packing;

/// <summary>Permutations that depend on the seed and the epoch alone, so that a resumed run visits what an uninterrupted one would.</summary>
internal static class SeededOrder
{
    /// <summary>A permutation of 0 to <paramref name="count"/> - 1 (Fisher and Yates, drawn by SplitMix64).</summary>
    public static int[] Permutation(int count, long seed, int epoch)
    {
        var order = new int[count];
        for (var i = 0; i < count; i++)
        {
            order[i] = i;
        }

        var state = Mix(unchecked((ulong)seed), (ulong)epoch);
        for (var i = count - 1; i > 0; i--)
        {
            var j = (int)(((UInt128)Next(ref state) * (ulong)(i + 1)) >> 64);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    /// <summary>A seed for one purpose out of the run's seed: <paramref name="number"/> tells the purposes apart.</summary>
    public static long Derive(long seed, long number)
    {
        var state = Mix(unchecked((ulong)seed), unchecked((ulong)number));
        return (long)(Next(ref state) >> 1);
    }

    private static ulong Mix(ulong seed, ulong number) => unchecked((seed * 0x9E3779B97F4A7C15) + (number * 0xD1B54A32D192ED03) + 0x8CB92BA72F3D8DD7);

    /// <summary>SplitMix64 (Steele, Lea and Flood 2014).</summary>
    private static ulong Next(ref ulong state)
    {
        unchecked
        {
            state += 0x9E3779B97F4A7C15;
            var z = state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
