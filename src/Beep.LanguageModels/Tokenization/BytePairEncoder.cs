using System.Buffers;
using System.Text;

namespace Beep.LanguageModels.Tokenization;

/// <summary>
/// Byte-level byte-pair encoding (Sennrich et al. 2016, over bytes as in GPT-2): a word starts as one token a byte, and the
/// neighbours with the lowest merge rank, the leftmost first, become one until no two neighbours merge.
/// </summary>
internal sealed class BytePairEncoder
{
    /// <summary>Up to here scanning for the lowest rank is faster than keeping a queue.</summary>
    private const int LongestScan = 64;

    private readonly BytePairModel _model;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _wholeWords;
    private readonly WordCache _cache = new();

    public BytePairEncoder(BytePairModel model)
    {
        _model = model;
        _wholeWords = model.Vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Adds the tokens of one word, which the pre-tokenizer has cut out; a lone surrogate counts as U+FFFD.</summary>
    public void Encode(ReadOnlySpan<char> word, TokenCollector tokens)
    {
        if (word.Length > WordCache.LongestWord)
        {
            EncodeUncached(word, tokens);
            return;
        }

        if (_cache.TryGet(word, out var known))
        {
            tokens.AddRange(known);
            return;
        }

        var first = tokens.Count;
        EncodeUncached(word, tokens);
        _cache.Put(word, tokens.IdsFrom(first));
    }

    private void EncodeUncached(ReadOnlySpan<char> word, TokenCollector tokens)
    {
        var most = Encoding.UTF8.GetMaxByteCount(word.Length);
        var rented = ArrayPool<byte>.Shared.Rent(most);
        try
        {
            var bytes = rented.AsSpan(0, Encoding.UTF8.GetBytes(word, rented));
            if (_model.IgnoreMerges && TryWholeWord(bytes, out var id))
            {
                tokens.Add(id);
            }
            else
            {
                EncodeBytes(bytes, tokens);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private bool TryWholeWord(ReadOnlySpan<byte> bytes, out int id)
    {
        id = -1;
        if (bytes.Length > _model.LongestToken)
        {
            return false;
        }

        Span<char> mapped = bytes.Length <= 256 ? stackalloc char[bytes.Length] : new char[bytes.Length];
        for (var index = 0; index < bytes.Length; index++)
        {
            mapped[index] = ByteAlphabet.ToChar(bytes[index]);
        }

        return _wholeWords.TryGetValue(mapped, out id);
    }

    private void EncodeBytes(ReadOnlySpan<byte> bytes, TokenCollector tokens)
    {
        var rented = ArrayPool<int>.Shared.Rent(bytes.Length);
        try
        {
            var symbols = rented.AsSpan(0, _model.InitialSymbols(bytes, rented));
            if (symbols.Length <= LongestScan)
            {
                tokens.AddRange(symbols[..MergeByScanning(symbols)]);
            }
            else
            {
                MergeByQueue(symbols, tokens);
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    private int MergeByScanning(Span<int> symbols)
    {
        var merges = _model.Merges;
        var count = symbols.Length;
        Span<int> ranks = stackalloc int[LongestScan];
        for (var index = 0; index + 1 < count; index++)
        {
            ranks[index] = merges.Rank(symbols[index], symbols[index + 1], out _);
        }

        while (count > 1)
        {
            var best = 0;
            for (var index = 1; index + 1 < count; index++)
            {
                best = ranks[index] < ranks[best] ? index : best;
            }

            if (ranks[best] == int.MaxValue)
            {
                break;
            }

            merges.Rank(symbols[best], symbols[best + 1], out symbols[best]);
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            count--;
            if (best + 1 < count)
            {
                ranks[(best + 2)..count].CopyTo(ranks[(best + 1)..]);
                ranks[best] = merges.Rank(symbols[best], symbols[best + 1], out _);
            }

            if (best > 0)
            {
                ranks[best - 1] = merges.Rank(symbols[best - 1], symbols[best], out _);
            }
        }

        return count;
    }

    /// <summary>The same result in O(n log n): a linked list of symbols and a queue of candidate merges, checked again when taken.</summary>
    private void MergeByQueue(Span<int> symbols, TokenCollector tokens)
    {
        var merges = _model.Merges;
        var next = new int[symbols.Length];
        var previous = new int[symbols.Length];
        var queue = new PriorityQueue<(int Position, int Left, int Right), long>(symbols.Length);
        for (var index = 0; index < symbols.Length; index++)
        {
            previous[index] = index - 1;
            next[index] = index + 1 < symbols.Length ? index + 1 : -1;
            Offer(queue, symbols, index, next[index]);
        }

        while (queue.TryDequeue(out var candidate, out _))
        {
            var (position, left, right) = candidate;
            var neighbour = next[position];
            if (symbols[position] != left || neighbour < 0 || symbols[neighbour] != right)
            {
                continue;
            }

            merges.Rank(left, right, out symbols[position]);
            symbols[neighbour] = -1;
            next[position] = next[neighbour];
            if (next[position] >= 0)
            {
                previous[next[position]] = position;
            }

            Offer(queue, symbols, position, next[position]);
            Offer(queue, symbols, previous[position], position);
        }

        foreach (var symbol in symbols)
        {
            if (symbol >= 0)
            {
                tokens.Add(symbol);
            }
        }

        void Offer(PriorityQueue<(int, int, int), long> candidates, Span<int> all, int position, int neighbour)
        {
            if (position < 0 || neighbour < 0)
            {
                return;
            }

            var rank = merges.Rank(all[position], all[neighbour], out _);
            if (rank != int.MaxValue)
            {
                candidates.Enqueue((position, all[position], all[neighbour]), ((long)rank << 32) | (uint)position);
            }
        }
    }
}
