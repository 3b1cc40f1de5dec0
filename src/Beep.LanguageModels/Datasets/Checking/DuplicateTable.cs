namespace Beep.LanguageModels.Datasets.Checking;

/// <summary>
/// Remembers rows by hash, 16 bytes each: 88 bits of the hash and 40 of the line. At a hundred million rows the chance
/// of one false match is about 2e-11.
/// </summary>
/// <param name="capacity">How many rows are remembered at most; later ones are only compared.</param>
internal sealed class DuplicateTable(long capacity = DuplicateTable.DefaultCapacity)
{
    /// <summary>33 million rows, about a gigabyte.</summary>
    public const long DefaultCapacity = 1 << 25;

    private const int LineBits = 40;
    private const int ShardBits = 6;

    // Shards grow one at a time, so that growing never doubles the whole.
    private readonly Shard[] _shards = [.. Enumerable.Range(0, 1 << ShardBits).Select(_ => new Shard())];

    /// <summary>How many rows are remembered.</summary>
    public long Count { get; private set; }

    /// <summary>Whether rows have been left unremembered.</summary>
    public bool IsFull => Count >= capacity;

    /// <summary>Remembers a row; gives the line of an equal one that came before it, else 0.</summary>
    public long Add(UInt128 hash, long line)
    {
        var shard = ShardOf(hash);
        if (shard.Find(hash >> LineBits) is var first and > 0)
        {
            return first;
        }

        if (!IsFull)
        {
            shard.Insert((hash >> LineBits << LineBits) | (UInt128)line);
            Count++;
        }

        return 0;
    }

    /// <summary>The line of an equal row, else 0.</summary>
    public long Find(UInt128 hash) => ShardOf(hash).Find(hash >> LineBits);

    private Shard ShardOf(UInt128 hash) => _shards[(int)(hash >> (128 - ShardBits))];

    private sealed class Shard
    {
        private static readonly UInt128 LineMask = (UInt128.One << LineBits) - 1;

        private UInt128[] _slots = new UInt128[64];
        private int _count;

        public long Find(UInt128 key)
        {
            for (var slot = Home(key); _slots[slot] != UInt128.Zero; slot = (slot + 1) & (_slots.Length - 1))
            {
                if (_slots[slot] >> LineBits == key)
                {
                    return (long)(_slots[slot] & LineMask);
                }
            }

            return 0;
        }

        public void Insert(UInt128 entry)
        {
            if (++_count > _slots.Length / 4 * 3)
            {
                var old = _slots;
                _slots = new UInt128[old.Length * 2];
                foreach (var kept in old)
                {
                    if (kept != UInt128.Zero)
                    {
                        Place(kept);
                    }
                }
            }

            Place(entry);
        }

        private void Place(UInt128 entry)
        {
            var slot = Home(entry >> LineBits);
            while (_slots[slot] != UInt128.Zero)
            {
                slot = (slot + 1) & (_slots.Length - 1);
            }

            _slots[slot] = entry;
        }

        private int Home(UInt128 key) => (int)((ulong)key & (ulong)(_slots.Length - 1));
    }
}
