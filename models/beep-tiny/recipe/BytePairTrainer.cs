using System.Text;
using Beep.LanguageModels.Tokenization;

namespace Beep.Recipe;

/// <summary>
/// Learns the merges of byte-level BPE (Sennrich et al. 2016): again and again the most frequent pair of neighbours becomes a token.
/// Counts are kept up to date word by word, so that a merge costs only the words it changes. Ties go to the pair of lower ids.
/// </summary>
internal sealed class BytePairTrainer
{
    private readonly List<string> _tokens;
    private readonly List<(int Left, int Right)> _merges = [];
    private readonly List<(int[] Symbols, int Count)> _words = [];
    private readonly Dictionary<(int, int), long> _counts = [];
    private readonly Dictionary<(int, int), HashSet<int>> _wordsOf = [];

    /// <param name="specialTokens">Take the first ids.</param>
    /// <param name="words">How often each word occurs, words as the pre-tokenizer cuts them.</param>
    public BytePairTrainer(IReadOnlyList<string> specialTokens, IReadOnlyDictionary<string, int> words)
    {
        var alphabet = Enumerable.Range(0, 256).Select(static value => ByteAlphabet.ToChar((byte)value)).Order().ToList();
        _tokens = [.. specialTokens, .. alphabet.Select(static character => character.ToString())];
        var idOf = alphabet.Select((character, index) => (character, index)).ToDictionary(
            static pair => pair.character,
            pair => pair.index + specialTokens.Count);
        foreach (var (word, count) in words.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            _words.Add(([.. Encoding.UTF8.GetBytes(word).Select(value => idOf[ByteAlphabet.ToChar(value)])], count));
            Count(_words.Count - 1, sign: 1);
        }
    }

    public IReadOnlyList<string> Tokens => _tokens;

    public IReadOnlyList<(int Left, int Right)> Merges => _merges;

    /// <summary>Merges until there are so many tokens, or no pair occurs twice.</summary>
    public void Train(int vocabularySize)
    {
        while (_tokens.Count < vocabularySize)
        {
            var best = (Pair: (-1, -1), Count: 1L);
            foreach (var (pair, count) in _counts)
            {
                if (count > best.Count || (count == best.Count && count > 1 && pair.CompareTo(best.Pair) < 0))
                {
                    best = (pair, count);
                }
            }

            if (best.Count < 2)
            {
                return;
            }

            Merge(best.Pair);
        }
    }

    private void Merge((int Left, int Right) pair)
    {
        var merged = _tokens.Count;
        _tokens.Add(_tokens[pair.Left] + _tokens[pair.Right]);
        _merges.Add(pair);
        foreach (var word in _wordsOf[pair].ToArray())
        {
            Count(word, sign: -1);
            _words[word] = (Replace(_words[word].Symbols, pair, merged), _words[word].Count);
            Count(word, sign: 1);
        }
    }

    private static int[] Replace(int[] symbols, (int Left, int Right) pair, int merged)
    {
        var result = new List<int>(symbols.Length);
        for (var index = 0; index < symbols.Length; index++)
        {
            var matches = index + 1 < symbols.Length && symbols[index] == pair.Left && symbols[index + 1] == pair.Right;
            result.Add(matches ? merged : symbols[index]);
            index += matches ? 1 : 0;
        }

        return [.. result];
    }

    private void Count(int word, int sign)
    {
        var (symbols, count) = _words[word];
        for (var index = 0; index + 1 < symbols.Length; index++)
        {
            var pair = (symbols[index], symbols[index + 1]);
            var total = _counts.GetValueOrDefault(pair) + (sign * count);
            if (total == 0)
            {
                _counts.Remove(pair);
                _wordsOf.Remove(pair);
                continue;
            }

            _counts[pair] = total;
            if (!_wordsOf.TryGetValue(pair, out var words))
            {
                _wordsOf[pair] = words = [];
            }

            if (sign > 0)
            {
                words.Add(word);
            }
        }
    }
}
