namespace Beep.LanguageModels.Tokenization;

/// <summary>The <c>model</c> of a byte-level BPE <c>tokenizer.json</c>, in numbers.</summary>
internal sealed class BytePairModel
{
    private readonly int[] _idOfByte = new int[256];

    /// <param name="vocabulary">Token, in <see cref="ByteAlphabet"/> spelling, to id.</param>
    /// <param name="merges">What merges into what.</param>
    /// <param name="ignoreMerges">Whether a word that is in the vocabulary is that token, whatever the merges say.</param>
    /// <param name="unknownId">The token of a byte that the vocabulary lacks; null drops such bytes, as the tokenizers library does.</param>
    /// <param name="fuseUnknown">Whether neighbouring unknown bytes are one unknown token.</param>
    public BytePairModel(Dictionary<string, int> vocabulary, MergeTable merges, bool ignoreMerges, int? unknownId, bool fuseUnknown)
    {
        Vocabulary = vocabulary;
        Merges = merges;
        IgnoreMerges = ignoreMerges;
        UnknownId = unknownId;
        FuseUnknown = fuseUnknown;
        LongestToken = vocabulary.Count == 0 ? 0 : vocabulary.Keys.Max(static token => token.Length);
        for (var value = 0; value < 256; value++)
        {
            _idOfByte[value] = vocabulary.GetValueOrDefault(ByteAlphabet.ToChar((byte)value).ToString(), -1);
        }
    }

    public Dictionary<string, int> Vocabulary { get; }

    public MergeTable Merges { get; }

    public bool IgnoreMerges { get; }

    public int? UnknownId { get; }

    public bool FuseUnknown { get; }

    /// <summary>In characters of the byte alphabet, that is in bytes.</summary>
    public int LongestToken { get; }

    /// <summary>Whether a byte has a token of its own.</summary>
    public bool Knows(byte value) => _idOfByte[value] >= 0;

    /// <summary>Writes one symbol a byte, before any merge; returns how many.</summary>
    public int InitialSymbols(ReadOnlySpan<byte> bytes, Span<int> symbols)
    {
        var count = 0;
        var afterUnknown = false;
        foreach (var value in bytes)
        {
            var id = _idOfByte[value];
            if (id >= 0)
            {
                symbols[count++] = id;
            }
            else if (UnknownId is { } unknown && !(afterUnknown && FuseUnknown))
            {
                symbols[count++] = unknown;
            }

            afterUnknown = id < 0;
        }

        return count;
    }
}
