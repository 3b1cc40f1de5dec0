using System.Text.RegularExpressions;

namespace Beep.Recipe;

/// <summary>What WordNet tells about words, made plain: how common a word is, what kind of thing it names, what it is in a few words.</summary>
internal sealed partial class Lexicon
{
    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, string), int> _pairs = [];

    public Lexicon(WordNetDatabase words)
    {
        Words = words;
        foreach (var synset in words.Synsets)
        {
            CountUses(synset.Definition);
            foreach (var example in synset.Examples)
            {
                CountUses(example);
            }
        }
    }

    public WordNetDatabase Words { get; }

    /// <summary>How common a word is: its uses in the glosses and in the tagged texts. Two common words seldom make a common pair.</summary>
    public int Score(string lemma)
    {
        var parts = lemma.Split(' ');
        var uses = parts.Min(word => _uses.GetValueOrDefault(word) + _uses.GetValueOrDefault(English.Plural(word)));
        return (parts.Length == 1 ? uses : Math.Min(uses / 40, 20)) + (5 * Words.TagCount(lemma));
    }

    /// <summary>The word of a meaning that people know best.</summary>
    public string BestWord(Synset synset) => synset.Words.Where(IsPlain).DefaultIfEmpty("").MaxBy(Score)!;

    /// <summary>Lower-case letters, at most two words.</summary>
    public static bool IsPlain(string lemma) =>
        lemma.Length is >= 2 and <= 24 && lemma.All(static c => c is (>= 'a' and <= 'z') or ' ') && lemma.Count(static c => c == ' ') <= 1;

    /// <summary>The noun with the article it wants, or bare when it names a mass or reads as a plural.</summary>
    public string WithArticle(string noun, int category) =>
        English.LooksPlural(noun) || !IsCountable(noun, category) ? noun : English.Article(noun);

    public bool IsCountable(string noun, int category)
    {
        var last = noun.Split(' ')[^1];
        var counted = Pairs("a", last) + Pairs("an", last) + (2 * _uses.GetValueOrDefault(English.Plural(last)));
        var bare = Pairs("of", last) + Pairs("with", last) + Pairs("from", last) + Pairs("into", last);
        return counted == bare ? category is 5 or 6 or 8 or 14 or 15 or 17 or 18 or 20 : counted * 2 > bare;
    }

    /// <summary>The meanings above a meaning, nearest first, along the first hypernym.</summary>
    public IEnumerable<Synset> Above(Synset synset)
    {
        for (var depth = 0; depth < 20 && synset.Related("@").FirstOrDefault() is { } key; depth++)
        {
            synset = Words[key];
            yield return synset;
        }
    }

    /// <summary>The plainest word for what a thing is: bird, tool, feeling.</summary>
    public string Kind(Synset synset) =>
        Above(synset).SelectMany(static above => above.Words.Where(Kinds.Plain.Contains).Take(1)).FirstOrDefault()
        ?? Kinds.OfCategory.GetValueOrDefault(synset.Category, "thing");

    /// <summary>The nearest well-known words above a meaning, at most two.</summary>
    public IReadOnlyList<string> Ladder(Synset synset, string lemma) =>
        [.. Above(synset).Where(above => !above.Words.Contains(lemma)).Select(BestWord).Where(word => word.Length > 0 && Score(word) >= 60).Distinct().Take(2)];

    /// <summary>The definition as a short phrase that can follow "is"; null when it is too long or does not read well.</summary>
    public string? Phrase(Synset synset)
    {
        var text = Parentheses().Replace(synset.Definition, "").Split(';')[0].Split(" -- ")[0].Replace("  ", " ", StringComparison.Ordinal).Trim(' ', ',', ':');
        if (text.Length > 95 && text.LastIndexOf(", ", 95, StringComparison.Ordinal) is var comma and > 35)
        {
            text = text[..comma];
        }

        if (text.Length is < 8 or > 110 || text.Any(static c => c is not ((>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or ' ' or ',' or '-' or '\'')))
        {
            return null;
        }

        if (Kinds.Unfit.Any(word => synset.Definition.Contains(word, StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        return synset.Key[0] == 'n' ? WithDeterminer(text, synset.Category) : text;
    }

    private string? WithDeterminer(string text, int category)
    {
        var words = text.Split(' ');
        if (Kinds.Determiners.Contains(words[0]))
        {
            return text;
        }

        var end = Array.FindIndex(words, static word => word.EndsWith(',') || Kinds.AfterHead.Contains(word));
        end = end < 0 ? words.Length : words[end].EndsWith(',') ? end + 1 : end;
        while (end > 0 && (words[end - 1].EndsWith("ly", StringComparison.Ordinal) || words[end - 1] is "often"))
        {
            end--;
        }

        var head = end == 0 ? "" : words[end - 1].TrimEnd(',');
        if (head.Length == 0 || head is "similar" || words.Take(end).Any(static word => English.LooksPlural(word.TrimEnd(','))) || !head.All(char.IsAsciiLetterLower))
        {
            return null;
        }

        return IsCountable(head, category) ? English.Article(text) : text;
    }

    private int Pairs(string first, string second) => _pairs.GetValueOrDefault((first, second));

    private void CountUses(string text)
    {
        var previous = "";
        foreach (Match match in Word().Matches(text))
        {
            var word = match.Value;
            _uses[word] = _uses.GetValueOrDefault(word) + 1;
            if (previous is "a" or "an" or "of" or "with" or "from" or "into")
            {
                _pairs[(previous, word)] = _pairs.GetValueOrDefault((previous, word)) + 1;
            }

            previous = word;
        }
    }

    [GeneratedRegex("[a-z]+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\s*\([^)]*\)")]
    private static partial Regex Parentheses();
}
