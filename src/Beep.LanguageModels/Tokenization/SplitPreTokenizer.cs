namespace Beep.LanguageModels.Tokenization;

/// <summary>Cuts at the matches of a pattern, or with <paramref name="invert"/> at what lies between them.</summary>
internal sealed class SplitPreTokenizer(TextPattern pattern, SplitBehavior behavior, bool invert) : PreTokenizer
{
    public override void Apply(PreTokenizedText text) => text.Cut(Cut);

    private void Cut(ReadOnlySpan<char> word, List<Range> pieces)
    {
        var matches = new List<Range>();
        pattern.Find(word, matches);
        var segments = new List<(int Start, int End, bool IsMatch)>((matches.Count * 2) + 1);
        var done = 0;
        foreach (var match in matches)
        {
            if (match.Start.Value > done)
            {
                segments.Add((done, match.Start.Value, invert));
            }

            segments.Add((match.Start.Value, match.End.Value, !invert));
            done = match.End.Value;
        }

        if (done < word.Length)
        {
            segments.Add((done, word.Length, invert));
        }

        Arrange(segments, pieces);
    }

    private void Arrange(List<(int Start, int End, bool IsMatch)> segments, List<Range> pieces)
    {
        for (var index = 0; index < segments.Count; index++)
        {
            var (start, end, isMatch) = segments[index];
            if (behavior is SplitBehavior.Removed && isMatch)
            {
                continue;
            }

            while (index + 1 < segments.Count && JoinsNext(isMatch, segments[index + 1].IsMatch))
            {
                index++;
                (_, end, isMatch) = segments[index];
            }

            pieces.Add(start..end);
        }
    }

    private bool JoinsNext(bool isMatch, bool nextIsMatch) => behavior switch
    {
        SplitBehavior.Contiguous => isMatch == nextIsMatch,
        SplitBehavior.MergedWithPrevious => !isMatch && nextIsMatch,
        SplitBehavior.MergedWithNext => isMatch && !nextIsMatch,
        SplitBehavior.Removed or SplitBehavior.Isolated => false,
        _ => false,
    };
}
