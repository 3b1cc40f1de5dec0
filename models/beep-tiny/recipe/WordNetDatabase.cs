using System.Globalization;

namespace Beep.Recipe;

/// <summary>The files of a WordNet 3.0 database (format: wndb(5WN)).</summary>
internal sealed class WordNetDatabase
{
    private static readonly Dictionary<char, string> Files = new() { ['n'] = "noun", ['v'] = "verb", ['a'] = "adj", ['r'] = "adv" };

    private readonly Dictionary<string, Synset> _synsets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> _senses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _tagCounts = new(StringComparer.Ordinal);

    public WordNetDatabase(string folder)
    {
        foreach (var (pos, name) in Files)
        {
            foreach (var line in Lines(Path.Combine(folder, "data." + name)))
            {
                var synset = ReadSynset(line, pos);
                _synsets.Add(synset.Key, synset);
            }

            foreach (var line in Lines(Path.Combine(folder, "index." + name)))
            {
                ReadIndex(line, pos);
            }
        }

        foreach (var line in Lines(Path.Combine(folder, "cntlist.rev")))
        {
            var fields = line.Split(' ');
            var lemma = fields[0][..fields[0].IndexOf('%', StringComparison.Ordinal)].Replace('_', ' ');
            _tagCounts[lemma] = _tagCounts.GetValueOrDefault(lemma) + int.Parse(fields[2], CultureInfo.InvariantCulture);
        }
    }

    public IEnumerable<Synset> Synsets => _synsets.Values;

    public Synset this[string key] => _synsets[key];

    /// <summary>The meanings of a lemma, the most frequent first; empty when it is not in the database.</summary>
    public IReadOnlyList<Synset> Senses(string lemma, char pos) =>
        _senses.TryGetValue(pos + lemma, out var keys) ? [.. keys.Select(key => _synsets[key])] : [];

    /// <summary>How often a lemma was met in the texts that were tagged with meanings.</summary>
    public int TagCount(string lemma) => _tagCounts.GetValueOrDefault(lemma);

    /// <summary>All lemmas of a part of speech, in ordinal order.</summary>
    public IEnumerable<string> Lemmas(char pos) =>
        _senses.Keys.Where(key => key[0] == pos).Select(static key => key[1..]).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Lines(string path) => File.ReadLines(path).Where(static line => !line.StartsWith("  ", StringComparison.Ordinal));

    private static Synset ReadSynset(string line, char pos)
    {
        var bar = line.IndexOf('|', StringComparison.Ordinal);
        var fields = line[..bar].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var wordCount = int.Parse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var words = Enumerable.Range(0, wordCount).Select(index => ReadWord(fields[4 + (index * 2)])).ToList();
        var first = 4 + (wordCount * 2);
        var pointers = Enumerable.Range(0, int.Parse(fields[first], CultureInfo.InvariantCulture))
            .Select(index => first + 1 + (index * 4))
            .Select(at => (fields[at], KeyOf(fields[at + 2][0], fields[at + 1])))
            .ToList();
        var (definition, examples) = ReadGloss(line[(bar + 1)..].Trim());
        return new Synset(KeyOf(pos, fields[0]), int.Parse(fields[1], CultureInfo.InvariantCulture), words, definition, examples, pointers);
    }

    private static string KeyOf(char pos, string offset) => (pos == 's' ? 'a' : pos) + offset;

    /// <summary>Adjectives may carry a syntactic marker, as in <c>galore(ip)</c>.</summary>
    private static string ReadWord(string field)
    {
        var marker = field.IndexOf('(', StringComparison.Ordinal);
        return (marker > 0 ? field[..marker] : field).Replace('_', ' ');
    }

    private static (string Definition, IReadOnlyList<string> Examples) ReadGloss(string gloss)
    {
        var quote = gloss.IndexOf('"', StringComparison.Ordinal);
        var definition = (quote < 0 ? gloss : gloss[..quote]).Trim(' ', ';', ':', ',');
        var examples = quote < 0 ? [] : gloss[quote..].Split('"').Where(static (_, index) => index % 2 == 1).Select(static text => text.Trim()).ToList();
        return (definition, examples);
    }

    private void ReadIndex(string line, char pos)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var count = int.Parse(fields[2], CultureInfo.InvariantCulture);
        _senses[pos + fields[0].Replace('_', ' ')] = [.. fields[^count..].Select(offset => KeyOf(pos, offset))];
    }
}
