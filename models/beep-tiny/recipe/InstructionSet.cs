namespace Beep.Recipe;

/// <summary>The instruction set <c>what-is-it</c>: simple questions about the listed words, each with a short friendly answer.</summary>
internal static class InstructionSet
{
    private static readonly string[] Groups = ["animal", "plant", "food", "tool", "vehicle", "clothing", "place", "body part", "person", "thing"];

    private static readonly (string Question, string Answer)[] Courtesies =
    [
        ("Hello!", "Hello! Ask me what something is."),
        ("Hi there!", "Hello! Ask me what something is."),
        ("Good morning!", "Good morning! Ask me what something is."),
        ("Who are you?", "I am a tiny language model. Ask me what something is."),
        ("What can you do?", "I can tell you what things are. Ask me about a word."),
        ("Can you help me?", "Yes! Ask me what something is."),
        ("Thank you!", "You are welcome!"),
        ("Thanks a lot!", "You are welcome!"),
        ("Goodbye!", "Goodbye! Come back soon."),
        ("Bye!", "Goodbye! Come back soon."),
    ];

    public static void Write(IReadOnlyList<Thing> things, string train, string validation)
    {
        var asked = things.Where(static thing => !thing.IsHeldOut).SelectMany(static (thing, index) => Ask(thing, index, 2));
        var rows = new Dice("what is it").Shuffle(asked.Concat(Courtesies));
        var heldOut = things.Where(static thing => thing.IsHeldOut).SelectMany(static (thing, index) => Ask(thing, index, index % 8 == 0 ? 2 : 1)).ToList();
        Rows.Write(train, rows.Select(Row));
        Rows.Write(validation, heldOut.Select(Row));
        Console.WriteLine($"{rows.Count} rows: {train}");
        Console.WriteLine($"{heldOut.Count} rows: {validation}");
    }

    /// <summary>"What is …?" and as many of the other questions, in turn.</summary>
    private static IEnumerable<(string Question, string Answer)> Ask(Thing thing, int index, int count)
    {
        var questions = Questions(thing).ToList();
        for (var number = 0; number < count; number++)
        {
            yield return (index + number) % 2 == 0 ? questions[0] : questions[1 + (index / 2 % (questions.Count - 1))];
        }
    }

    private static IEnumerable<(string Question, string Answer)> Questions(Thing thing)
    {
        var dice = new Dice("question " + thing.Subject);
        var (subject, verb, it) = (thing.Subject, thing.Is, thing.It);
        var start = English.Capitalize(subject);
        var group = thing.Group == "job" ? "person" : thing.Group;
        var other = dice.Pick([.. Groups.Where(name => name != group && !(name == "thing"))]);
        var choice = dice.Next(2) == 0 ? $"{With(group)} or {With(other)}" : $"{With(other)} or {With(group)}";
        yield return ($"What {verb} {subject}?", $"{start} {verb} {thing.AKind}. {it} {verb} {thing.What}.");
        yield return ($"What kind of thing {verb} {subject}?", $"{start} {verb} a kind of {thing.Kind}.");
        yield return ($"Tell me about {subject}.", $"{start} {verb} {thing.What}. {it} {thing.Fact}.");
        yield return (English.Capitalize($"{verb} {subject} {choice}?"), $"{start} {verb} {With(group)}. {it} {verb} {thing.What}.");
        yield return ($"Do you know what {subject} {verb}?", $"Yes! {start} {verb} {thing.AKind}. {it} {verb} {thing.What}.");
    }

    private static string With(string group) => group is "clothing" or "food" ? group : English.Article(group);

    private static object Row((string Question, string Answer) pair) => new
    {
        messages = new[] { new { role = "user", content = pair.Question }, new { role = "assistant", content = pair.Answer } },
    };
}
