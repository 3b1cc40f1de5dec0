using System.Text;

namespace Beep.LanguageModels.Tokenization;

/// <summary>Builds the successor of an <see cref="AlignedText"/> piece by piece.</summary>
internal sealed class AlignedTextBuilder(AlignedText source)
{
    private readonly StringBuilder _text = new(source.Text.Length + 16);
    private readonly List<int> _starts = new(source.Text.Length + 16);
    private readonly List<int> _ends = new(source.Text.Length + 16);

    /// <summary>Keeps a span of the source as it is.</summary>
    public void Keep(int start, int end)
    {
        _text.Append(source.Text, start, end - start);
        for (var index = start; index < end; index++)
        {
            _starts.Add(source.OriginalStart(index));
            _ends.Add(source.OriginalEnd(index));
        }
    }

    /// <summary>Puts text in the place of a span of the source; an empty span is an insertion, which covers nothing of the original.</summary>
    public void Replace(int start, int end, ReadOnlySpan<char> replacement)
    {
        _text.Append(replacement);
        var from = start < source.Text.Length ? source.OriginalStart(start) : start == 0 ? source.Shift : source.OriginalEnd(start - 1);
        var to = end > start ? source.OriginalEnd(end - 1) : from;
        for (var index = 0; index < replacement.Length; index++)
        {
            _starts.Add(from);
            _ends.Add(to);
        }
    }

    public AlignedText Build() => new(_text.ToString(), 0, [.. _starts], [.. _ends]);
}
