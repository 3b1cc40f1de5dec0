namespace Beep.Recipe;

/// <summary>Random choices that are the same on every machine and every version of .NET: SplitMix64 from the text that seeds it.</summary>
internal sealed class Dice
{
    private ulong _state;

    public Dice(string seed)
    {
        _state = 0xCBF29CE484222325UL;
        foreach (var character in seed)
        {
            _state = (_state ^ character) * 0x100000001B3UL;
        }
    }

    /// <summary>A number from 0 to below the bound.</summary>
    public int Next(int bound)
    {
        _state += 0x9E3779B97F4A7C15UL;
        var mixed = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9UL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
        return (int)((mixed ^ (mixed >> 31)) % (ulong)bound);
    }

    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    public List<T> Shuffle<T>(IEnumerable<T> items)
    {
        var result = items.ToList();
        for (var index = result.Count - 1; index > 0; index--)
        {
            var other = Next(index + 1);
            (result[index], result[other]) = (result[other], result[index]);
        }

        return result;
    }
}
