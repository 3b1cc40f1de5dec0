namespace Beep.Recipe;

/// <summary>The pretraining text: one row per statement about a word, the common and concrete words again and again.</summary>
internal sealed class Corpus(Lexicon lexicon, IReadOnlyList<Thing> things)
{
    /// <summary>Rows about each word of the instruction set.</summary>
    private const int RowsOfThing = 26;

    /// <summary>Animals, artifacts, parts of the body, food, natural objects, people, plants, substances.</summary>
    private static readonly HashSet<int> Concrete = [5, 6, 8, 13, 17, 18, 20, 27];

    /// <summary>Writes both files, every hundredth row about an unlisted word to the second.</summary>
    public void Write(string train, string validation)
    {
        var known = things.SelectMany(thing => ThingTexts.Rows(thing, lexicon, RowsOfThing)).Concat(ThingLists()).ToList();
        var others = Nouns().Concat(Verbs()).Concat(Adjectives()).ToList();
        var dice = new Dice("rows");
        var shuffled = dice.Shuffle(others.Distinct());
        var heldOut = (shuffled.Count + known.Count) / 100;
        var rows = dice.Shuffle(known.Concat(shuffled.Skip(heldOut)));
        Rows.WriteTexts(train, rows);
        Rows.WriteTexts(validation, shuffled.Take(heldOut));
        Console.WriteLine($"{rows.Count} rows, {rows.Sum(static row => row.Length)} characters, of which about listed words {known.Sum(static row => row.Length)}: {train}");
        Console.WriteLine($"{heldOut} rows: {validation}");
    }

    private IEnumerable<string> ThingLists() => things
        .Where(static thing => !thing.IsPlural)
        .GroupBy(static thing => thing.Kind)
        .Where(static group => group.Count() >= 3)
        .SelectMany(static group => OtherTexts.Lists(group.Key, [.. group.Select(static thing => thing.Subject)]));

    private IEnumerable<string> Nouns()
    {
        var texts = new NounTexts(lexicon);
        var listed = things.Select(static thing => thing.Word).ToHashSet(StringComparer.Ordinal);
        foreach (var lemma in lexicon.Words.Lemmas('n').Where(lemma => Lexicon.IsPlain(lemma) && !listed.Contains(lemma)))
        {
            var synset = lexicon.Words.Senses(lemma, 'n')[0];
            if (!synset.Words.Contains(lemma) || synset.Related("@i").Any())
            {
                continue;
            }

            var score = lexicon.Score(lemma);
            var concrete = Concrete.Contains(synset.Category);
            var count = (concrete, score) switch
            {
                (true, >= 60) => 6,
                (true, >= 15) => 3,
                (true, >= 5) => 1,
                (false, >= 150) => 2,
                (false, >= 25) => 1,
                _ => 0,
            };
            foreach (var row in texts.Rows(lemma, synset, count))
            {
                yield return row;
            }
        }
    }

    private IEnumerable<string> Verbs() => Common('v', 15).SelectMany(entry => new OtherTexts(lexicon).Verb(entry.Lemma, entry.Synset));

    private IEnumerable<string> Adjectives() => Common('a', 15).SelectMany(entry => new OtherTexts(lexicon).Adjective(entry.Lemma, entry.Synset));

    private IEnumerable<(string Lemma, Synset Synset)> Common(char pos, int least) => lexicon.Words.Lemmas(pos)
        .Where(lemma => Lexicon.IsPlain(lemma) && lexicon.Score(lemma) >= least)
        .Select(lemma => (lemma, lexicon.Words.Senses(lemma, pos)[0]));
}
