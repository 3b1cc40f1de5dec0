using Beep.Contracts;

namespace Beep.Recipe;

/// <summary>A word of the instruction set, with its answers.</summary>
/// <param name="Subject">With its article: <c>a robin</c>.</param>
/// <param name="IsPlural">Whether the subject takes "are".</param>
/// <param name="IsHeldOut">Whether it is only asked for in validation.</param>
/// <param name="Group">The heading it stands under: animal, plant, food …</param>
/// <param name="Kind">The plain kind: bird.</param>
/// <param name="What">What it is, to follow "is".</param>
/// <param name="Fact">What it does, to follow "it".</param>
internal sealed record Thing(string Subject, bool IsPlural, bool IsHeldOut, string Group, string Kind, string What, string Fact)
{
    /// <summary>The word without its article.</summary>
    public string Word => Subject.Split(' ', 2) is [("a" or "an" or "the"), var rest] ? rest : Subject;

    public string Is => IsPlural ? "are" : "is";

    /// <summary>What the next sentence starts with; nobody is called "it".</summary>
    public string It => Group == "job" ? English.Capitalize(Subject) : IsPlural ? "They" : "It";

    /// <summary>The kind as it follows "is": a bird, clothing.</summary>
    public string AKind => Kind is "clothing" or "food" or "furniture" or "money" ? Kind : English.Article(Kind);

    public static IReadOnlyList<Thing> Read(string path)
    {
        var things = new List<Thing>();
        var group = "";
        foreach (var (number, line) in File.ReadLines(path).Index())
        {
            if (line.StartsWith('['))
            {
                group = line.Trim('[', ']');
            }
            else if (line.Length > 0 && line[0] != '#')
            {
                things.Add(Parse(line, group, $"{path}:{number + 1}"));
            }
        }

        return things;
    }

    private static Thing Parse(string line, string group, string where)
    {
        var heldOut = line[0] == '*';
        var fields = line.TrimStart('*').Split('|', StringSplitOptions.TrimEntries);
        if (fields.Length != 4 || fields.Any(static field => field.Length == 0))
        {
            throw FaultException.Invalid("thing_invalid", $"\"{line}\" does not have four fields.", "Write subject | kind | what it is | what it does.", where);
        }

        return new Thing(fields[0].TrimEnd('+'), fields[0].EndsWith('+'), heldOut, group, fields[1], fields[2], fields[3]);
    }
}
