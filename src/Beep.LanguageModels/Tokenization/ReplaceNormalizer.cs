namespace Beep.LanguageModels.Tokenization;

/// <summary>Replaces every match of a pattern by a fixed text.</summary>
internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : Normalizer
{
    public override AlignedText Apply(AlignedText text)
    {
        var matches = new List<Range>();
        pattern.Find(text.Text, matches);
        if (matches.Count == 0)
        {
            return text;
        }

        var builder = new AlignedTextBuilder(text);
        var done = 0;
        foreach (var match in matches)
        {
            var (start, end) = (match.Start.Value, match.End.Value);
            builder.Keep(done, start);
            builder.Replace(start, end, content);
            done = end;
        }

        builder.Keep(done, text.Text.Length);
        return builder.Build();
    }
}
