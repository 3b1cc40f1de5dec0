using System.Buffers;
using System.Text;

namespace Beep.LanguageModels.Tokenization;

/// <summary>
/// Text to token ids and back, exactly as the tokenizers library does it with the same <c>tokenizer.json</c>, for byte-level BPE.
/// Immutable; any number of threads may share one.
/// </summary>
internal sealed class Tokenizer
{
    private readonly TokenizerDefinition _definition;
    private readonly SpecialTokens _special;
    private readonly BytePairEncoder _encoder;
    private readonly TokenBytes _bytes;
    private readonly HashSet<int> _skipped;
    private readonly AddedTokenMatcher? _rawMatcher;
    private readonly AddedTokenMatcher? _normalizedMatcher;

    public Tokenizer(TokenizerDefinition definition, SpecialTokens special)
    {
        _definition = definition;
        _special = special;
        _encoder = new BytePairEncoder(definition.Model);
        _skipped = [.. definition.AddedTokens.Where(static token => token.IsSpecial).Select(static token => token.Id)];
        _bytes = new TokenBytes(definition.Tokens);
        _rawMatcher = Matcher(definition.AddedTokens.Where(static token => !token.Normalized).Select(static token => (token, token.Content)));
        _normalizedMatcher = Matcher(definition.AddedTokens
            .Where(static token => token.Normalized)
            .Select(token => (token, Normalize(new AlignedText(token.Content)).Text)));
    }

    /// <summary>The highest id of any token, plus one; a model may have more rows than that.</summary>
    public int VocabularySize => _bytes.Count;

    /// <summary>The token that ends a text or a turn: <c>eos_token</c>, else the first of <see cref="EndOfSequenceIds"/>.</summary>
    public int? EndOfSequenceId => EndOfSequenceIds.Count > 0 ? EndOfSequenceIds[0] : null;

    /// <summary>Every token at which generation stops.</summary>
    public IReadOnlyList<int> EndOfSequenceIds => _special.EndOfSequence;

    public int? PadId => _special.Pad;

    public int? BeginningOfSequenceId => _special.BeginningOfSequence;

    /// <summary>Reads <c>tokenizer.json</c>, and the special tokens from the configuration files beside it.</summary>
    public static Tokenizer Load(string modelFolder)
    {
        var definition = TokenizerReader.Read(Path.Combine(modelFolder, "tokenizer.json"));
        return new Tokenizer(definition, SpecialTokensReader.Read(modelFolder, definition.IdOf));
    }

    /// <summary>The id of a token as the vocabulary spells it, an added token first; null when there is none.</summary>
    public int? IdOf(string token) => _definition.IdOf(token);

    /// <summary>Whether a token stands for something other than text.</summary>
    public bool IsSpecial(int id) => _skipped.Contains(id);

    /// <summary>Added tokens inside the text are recognised; <paramref name="addSpecialTokens"/> adds those that the file puts around every text.</summary>
    public int[] Encode(string text, bool addSpecialTokens = false)
    {
        var tokens = new TokenCollector(withOffsets: false);
        if (addSpecialTokens)
        {
            tokens.AddRange(_definition.PostProcessor.Before);
        }

        Encode(text, tokens);
        if (addSpecialTokens)
        {
            tokens.AddRange(_definition.PostProcessor.After);
        }

        return tokens.ToIds();
    }

    /// <summary>As <see cref="Encode(string, bool)"/> without special tokens around the text, and where each token came from.</summary>
    public TokenizedText EncodeWithOffsets(string text)
    {
        var tokens = new TokenCollector(withOffsets: true);
        Encode(text, tokens);
        return tokens.ToText();
    }

    /// <summary>The text of the tokens; bytes that are not UTF-8 become U+FFFD, ids without a token nothing.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        var bytes = new ArrayBufferWriter<byte>(Math.Max(16, ids.Length * 4));
        foreach (var id in ids)
        {
            bytes.Write(BytesOf(id, skipSpecialTokens));
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>The bytes that a token decodes to.</summary>
    public ReadOnlySpan<byte> BytesOf(int id, bool skipSpecialTokens) => skipSpecialTokens && _skipped.Contains(id) ? [] : _bytes.Of(id);

    private static AddedTokenMatcher? Matcher(IEnumerable<(AddedToken, string)> tokens)
    {
        var list = tokens.ToList();
        return list.Count == 0 ? null : new AddedTokenMatcher(list);
    }

    private void Encode(string text, TokenCollector tokens)
    {
        var whole = new AlignedText(text);
        if (_rawMatcher is null)
        {
            EncodeSegment(whole, tokens);
            return;
        }

        foreach (var (span, token) in _rawMatcher.Split(text))
        {
            var (start, end) = (span.Start.Value, span.End.Value);
            if (token is null)
            {
                EncodeSegment(whole.Slice(start, end), tokens);
            }
            else
            {
                AddToken(token.Id, start, end, tokens);
            }
        }
    }

    private AlignedText Normalize(AlignedText text) => _definition.Normalizer?.Apply(text) ?? text;

    private void EncodeSegment(AlignedText segment, TokenCollector tokens)
    {
        var text = Normalize(segment);
        if (_normalizedMatcher is null)
        {
            EncodeWords(text, tokens);
            return;
        }

        foreach (var (span, token) in _normalizedMatcher.Split(text.Text))
        {
            var (start, end) = (span.Start.Value, span.End.Value);
            if (token is null)
            {
                EncodeWords(text.Slice(start, end), tokens);
            }
            else
            {
                AddToken(token.Id, text.OriginalStart(start), text.OriginalEnd(end - 1), tokens);
            }
        }
    }

    private void EncodeWords(AlignedText text, TokenCollector tokens)
    {
        var words = new PreTokenizedText(text);
        _definition.PreTokenizer.Apply(words);
        foreach (var word in words.Words)
        {
            var first = tokens.Count;
            var characters = words.Text.Text.AsSpan(word);
            _encoder.Encode(characters, tokens);
            if (tokens.WithOffsets)
            {
                TokenOffsets.Add(_definition.Model, _bytes, words.Text, word, tokens, first);
            }
        }
    }

    private static void AddToken(int id, int start, int end, TokenCollector tokens)
    {
        tokens.Add(id);
        if (tokens.WithOffsets)
        {
            tokens.AddSpan(start, end);
        }
    }
}
