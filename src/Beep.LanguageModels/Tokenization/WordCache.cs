using System.Runtime.InteropServices;

namespace Beep.LanguageModels.Tokenization;

/// <summary>
/// Tokens of the words met lately. Each word has one slot, chosen by its hash, and a newcomer takes the slot over: the size is
/// bounded, and since an entry is never changed and is swapped in by one reference write, threads share it without a lock.
/// </summary>
internal sealed class WordCache
{
    /// <summary>Longer words are too rare to be worth keeping.</summary>
    public const int LongestWord = 48;

    private const int SlotBits = 16;

    private readonly Entry?[] _slots = new Entry?[1 << SlotBits];

    public bool TryGet(ReadOnlySpan<char> word, out ReadOnlySpan<int> ids)
    {
        var entry = Volatile.Read(ref _slots[Slot(word)]);
        if (entry is not null && word.SequenceEqual(entry.Word))
        {
            ids = entry.Ids;
            return true;
        }

        ids = default;
        return false;
    }

    public void Put(ReadOnlySpan<char> word, ReadOnlySpan<int> ids) =>
        Volatile.Write(ref _slots[Slot(word)], new Entry(word.ToString(), ids.ToArray()));

    private static int Slot(ReadOnlySpan<char> word)
    {
        var hash = (ulong)word.Length;
        foreach (var four in MemoryMarshal.Cast<char, ulong>(word))
        {
            hash = (hash ^ four) * 0x9E3779B97F4A7C15UL;
            hash ^= hash >> 29;
        }

        foreach (var character in word[(word.Length & ~3)..])
        {
            hash = (hash ^ character) * 0x9E3779B97F4A7C15UL;
        }

        return (int)(hash >> (64 - SlotBits));
    }

    private sealed record Entry(string Word, int[] Ids);
}
