namespace Beep.LanguageModels.Tokenization;

/// <summary>A text and the words it is cut into so far, left to right; what is between two words has been removed.</summary>
internal sealed class PreTokenizedText
{
    private List<Range> _words = [];
    private List<Range> _cut = [];

    public PreTokenizedText(AlignedText text)
    {
        Text = text;
        if (text.Text.Length > 0)
        {
            _words.Add(0..text.Text.Length);
        }
    }

    public AlignedText Text { get; private set; }

    public IReadOnlyList<Range> Words => _words;

    /// <summary>Cuts every word again: the cutter adds ranges relative to the word it is given; empty ones are left out.</summary>
    public void Cut(WordCutter cutter)
    {
        var pieces = new List<Range>();
        _cut.Clear();
        foreach (var word in _words)
        {
            pieces.Clear();
            var offset = word.Start.Value;
            cutter(Text.Text.AsSpan(word), pieces);
            foreach (var piece in pieces)
            {
                if (piece.End.Value > piece.Start.Value)
                {
                    _cut.Add((offset + piece.Start.Value)..(offset + piece.End.Value));
                }
            }
        }

        (_words, _cut) = (_cut, _words);
    }

    /// <summary>Puts a space before every word that does not start with one.</summary>
    public void PrefixSpaces()
    {
        var builder = new AlignedTextBuilder(Text);
        var words = new List<Range>(_words.Count);
        var length = 0;
        foreach (var word in _words)
        {
            var (start, end) = (word.Start.Value, word.End.Value);
            var first = length;
            if (Text.Text[start] != ' ')
            {
                builder.Replace(start, start, " ");
                length++;
            }

            builder.Keep(start, end);
            length += end - start;
            words.Add(first..length);
        }

        Text = builder.Build();
        _words = words;
    }
}
