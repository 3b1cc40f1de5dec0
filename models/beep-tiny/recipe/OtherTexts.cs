namespace Beep.Recipe;

/// <summary>Says what WordNet knows of verbs and adjectives, and which things are of one kind.</summary>
internal sealed class OtherTexts(Lexicon lexicon)
{
    public IEnumerable<string> Verb(string lemma, Synset synset)
    {
        if (lexicon.Phrase(synset) is not { } phrase || phrase.Contains(lemma, StringComparison.Ordinal))
        {
            yield break;
        }

        var sentences = new List<string> { $"to {lemma} means to {phrase}" };
        var above = lexicon.Above(synset).Select(lexicon.BestWord).FirstOrDefault(word => word.Length > 0 && word != lemma && lexicon.Score(word) >= 100);
        if (above is not null)
        {
            sentences.Add($"to {lemma} is a way to {above}");
        }

        yield return Join(sentences, lemma, synset);
    }

    public IEnumerable<string> Adjective(string lemma, Synset synset)
    {
        if (lexicon.Phrase(synset) is not { } phrase)
        {
            yield break;
        }

        var sentences = new List<string> { $"{lemma} means {phrase}" };
        var opposite = synset.Related("!").Select(key => lexicon.BestWord(lexicon.Words[key])).FirstOrDefault(static word => word.Length > 0);
        if (opposite is not null)
        {
            sentences.Add($"the opposite of {lemma} is {opposite}");
        }

        yield return Join(sentences, lemma, synset);
    }

    /// <summary>Lists of things of one kind, in changing order and company.</summary>
    public static IEnumerable<string> Lists(string kind, IReadOnlyList<string> subjects)
    {
        var dice = new Dice("list " + kind);
        for (var round = 0; round < 4; round++)
        {
            foreach (var some in dice.Shuffle(subjects).Chunk(4).Where(static chunk => chunk.Length >= 2))
            {
                var list = English.List(some);
                yield return round switch
                {
                    0 => $"Some {English.Plural(kind)} are {list}.",
                    1 => $"{English.Capitalize(list)} are {English.Plural(kind)}.",
                    2 => $"These are {English.Plural(kind)}: {list}.",
                    _ => string.Join(' ', some.Select(subject => English.Sentence($"{subject} is {(kind is "clothing" or "food" ? kind : English.Article(kind))}"))),
                };
            }
        }
    }

    private static string Join(List<string> sentences, string lemma, Synset synset)
    {
        var example = synset.Examples.Where(NounTexts.IsGoodExample).FirstOrDefault(text => text.Contains(lemma[..Math.Min(4, lemma.Length)], StringComparison.Ordinal));
        if (example is not null)
        {
            sentences.Add($"for example: {example}");
        }

        return string.Join(' ', sentences.Select(English.Sentence));
    }
}
