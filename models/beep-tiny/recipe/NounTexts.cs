namespace Beep.Recipe;

/// <summary>Says what WordNet knows of a noun in plain, regular sentences.</summary>
internal sealed class NounTexts(Lexicon lexicon)
{
    /// <summary>At most so many different rows about the first meaning of a lemma; none when it does not read well.</summary>
    public IEnumerable<string> Rows(string lemma, Synset synset, int count)
    {
        if (lexicon.Phrase(synset) is not { } phrase)
        {
            yield break;
        }

        var dice = new Dice("noun " + lemma);
        var sentences = Sentences(lemma, synset, phrase);
        for (var row = 0; row < count; row++)
        {
            var opening = sentences.Openings[(row + dice.Next(2)) % sentences.Openings.Count];
            var more = dice.Shuffle(sentences.Others).Take(row == 0 ? 2 : 1);
            yield return string.Join(' ', [English.Sentence(opening), .. more.Select(English.Sentence)]);
        }
    }

    private (List<string> Openings, List<string> Others) Sentences(string lemma, Synset synset, string phrase)
    {
        var subject = lexicon.WithArticle(lemma, synset.Category);
        var verb = English.LooksPlural(lemma) ? "are" : "is";
        var it = verb == "are" ? "They are" : "It is";
        var kind = lexicon.Kind(synset);
        var aKind = lexicon.WithArticle(kind, 6);
        var openings = new List<string>
        {
            $"{subject} {verb} {aKind}. {it} {phrase}",
            $"{subject} {verb} {phrase}. {it} a kind of {kind}",
            $"{lemma}: {phrase}",
            $"{lemma}: {aKind}. {it} {phrase}",
            $"{phrase} {verb} called {subject}",
        };
        var others = new List<string>();
        var ladder = lexicon.Ladder(synset, lemma);
        if (ladder.Count > 0)
        {
            others.Add($"{subject} {verb} a kind of {ladder[0]}");
        }

        if (ladder.Count > 1)
        {
            others.Add($"{lexicon.WithArticle(ladder[0], synset.Category)} is a kind of {ladder[1]}");
        }

        var synonyms = synset.Words.Where(word => word != lemma && Lexicon.IsPlain(word) && lexicon.Score(word) >= 8).Take(2).ToList();
        if (synonyms.Count > 0)
        {
            others.Add($"another word for {lemma} is {English.List(synonyms, "or")}");
        }

        AddRelated(others, synset, "%p", words => $"{subject} {(verb == "are" ? "have" : "has")} {English.List(words)}");
        AddRelated(others, synset, "#p", words => $"{subject} {verb} part of {words[0]}");
        AddRelated(others, synset, "~", words => $"{English.List(words)} {(words.Count == 1 ? "is" : "are")} {(words.Count == 1 ? "a kind" : "kinds")} of {lemma}");
        others.AddRange(synset.Examples.Where(IsGoodExample).Take(1).Select(static example => $"for example: {example}"));
        return (openings, others);
    }

    public static bool IsGoodExample(string example) =>
        example.Length is >= 8 and <= 70 && !Kinds.Unfit.Any(word => example.Contains(word, StringComparison.OrdinalIgnoreCase)) && example.All(static c => char.IsAsciiLetter(c) || c is ' ' or ',' or '\'' or '-');

    private void AddRelated(List<string> others, Synset synset, string symbol, Func<IReadOnlyList<string>, string> say)
    {
        var words = synset.Related(symbol)
            .Select(key => lexicon.Words[key])
            .Select(related => (Word: lexicon.BestWord(related), related.Category))
            .Where(related => related.Word.Length > 0 && lexicon.Score(related.Word) >= 15)
            .OrderByDescending(related => lexicon.Score(related.Word))
            .Select(related => lexicon.WithArticle(related.Word, related.Category))
            .Distinct()
            .Take(3)
            .ToList();
        if (words.Count > 0)
        {
            others.Add(say(words));
        }
    }
}
