namespace Beep.LanguageModels.Tokenization;

/// <summary>A step that rewrites text before it is cut into words.</summary>
internal abstract class Normalizer
{
    public abstract AlignedText Apply(AlignedText text);
}

/// <summary>Steps one after the other.</summary>
internal sealed class SequenceNormalizer(IReadOnlyList<Normalizer> steps) : Normalizer
{
    public override AlignedText Apply(AlignedText text) => steps.Aggregate(text, static (current, step) => step.Apply(current));
}

/// <summary>Puts a fixed text before a text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override AlignedText Apply(AlignedText text)
    {
        if (text.Text.Length == 0 || prefix.Length == 0)
        {
            return text;
        }

        var builder = new AlignedTextBuilder(text);
        builder.Replace(0, 0, prefix);
        builder.Keep(0, text.Text.Length);
        return builder.Build();
    }
}

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
