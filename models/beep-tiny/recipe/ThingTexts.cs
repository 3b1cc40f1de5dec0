namespace Beep.Recipe;

/// <summary>
/// Says the facts of a listed word in many ways. A small model remembers what it meets often, and can use it only if it has met it in
/// several forms (Allen-Zhu and Li, "Physics of Language Models", part 3.1).
/// </summary>
internal static class ThingTexts
{
    public static IEnumerable<string> Rows(Thing thing, Lexicon lexicon, int count)
    {
        var dice = new Dice("thing " + thing.Subject);
        var forms = Forms(thing).ToList();
        var gloss = lexicon.Words.Senses(thing.Word, 'n')
            .Where(synset => CategoriesOf(thing.Group).Contains(synset.Category))
            .Select(lexicon.Phrase)
            .FirstOrDefault(static phrase => phrase is not null);
        for (var row = 0; row < count; row++)
        {
            var sentences = new List<string> { forms[row % forms.Count] };
            if (row % 3 == 1)
            {
                var second = dice.Pick(forms);
                if (!second.Contains(sentences[0], StringComparison.Ordinal) && !sentences[0].Contains(second, StringComparison.Ordinal))
                {
                    sentences.Add(second);
                }
            }

            if (row % 4 == 2 && gloss is not null)
            {
                sentences.Add($"{thing.Subject} {thing.Is} {gloss}");
            }

            yield return string.Join(' ', sentences.Distinct().Select(English.Sentence));
        }
    }

    /// <summary>In which lexicographer's files the meaning of a word of this group stands.</summary>
    private static int[] CategoriesOf(string group) => group switch
    {
        "animal" => [5],
        "plant" => [20],
        "food" => [13],
        "place" => [6, 14, 15, 17],
        "body part" => [8],
        "job" => [18],
        _ => [6],
    };

    private static IEnumerable<string> Forms(Thing thing)
    {
        var (subject, verb, kind, what, fact) = (thing.Subject, thing.Is, thing.AKind, thing.What, thing.Fact);
        var they = thing.It;
        yield return $"{subject} {verb} {kind}. {they} {verb} {what}";
        yield return $"{subject} {verb} {what}. {they} {fact}";
        yield return $"{thing.Word}: {what}";
        yield return $"{subject} {verb} {what} and {verb} a kind of {thing.Kind}. {they} {fact}";
        yield return $"{subject} {fact}. {they} {verb} {kind}: {what}";
        yield return $"{subject} {verb} a kind of {thing.Kind}. {they} {verb} {what}. {they} {fact}";
        yield return $"{subject}, {what}, {fact}";
        yield return $"{what} {verb} called {subject}";
        yield return $"{subject} {verb} {kind}. {they} {verb} {kind} that {fact}";
        yield return $"one {thing.Kind} is called {thing.Word}. {they} {verb} {what}. {they} {fact}";
        yield return $"{subject} {verb} {kind}";
        yield return $"{thing.Word}: {kind}. {English.Capitalize(subject)} {verb} {what}. {they} {fact}";
    }
}
