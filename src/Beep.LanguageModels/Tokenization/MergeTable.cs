using System.Numerics;

namespace Beep.LanguageModels.Tokenization;

/// <summary>Which two neighbouring tokens merge, into which, and how early: an open-addressing map from the pair to both numbers.</summary>
internal sealed class MergeTable
{
    private readonly ulong[] _keys;
    private readonly int[] _ranks;
    private readonly int[] _results;
    private readonly int _shift;

    public MergeTable(int expected)
    {
        var capacity = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, expected * 2));
        _keys = new ulong[capacity];
        _ranks = new int[capacity];
        _results = new int[capacity];
        _shift = 64 - BitOperations.Log2((uint)capacity);
        Array.Fill(_keys, ulong.MaxValue);
    }

    /// <summary>Adds a merge; a pair given twice keeps its later rank, as in the tokenizers library.</summary>
    public void Add(int left, int right, int rank, int result)
    {
        var slot = Find(left, right);
        _keys[slot] = Key(left, right);
        _ranks[slot] = rank;
        _results[slot] = result;
    }

    /// <summary>The rank of a merge, lowest first, and the token it makes; rank <see cref="int.MaxValue"/> when the two do not merge.</summary>
    public int Rank(int left, int right, out int result)
    {
        var slot = Find(left, right);
        if (_keys[slot] == ulong.MaxValue)
        {
            result = -1;
            return int.MaxValue;
        }

        result = _results[slot];
        return _ranks[slot];
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private int Find(int left, int right)
    {
        var key = Key(left, right);
        var mask = _keys.Length - 1;
        var slot = (int)((key * 0x9E3779B97F4A7C15UL) >> _shift);
        while (_keys[slot] != key && _keys[slot] != ulong.MaxValue)
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }
}
