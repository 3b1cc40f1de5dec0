using System.Text.RegularExpressions;
using Beep.Tests;

namespace Beep.Host.Tests.Architecture;

/// <summary>What holds for the style sheets. A browser takes one with a missing brace without a word and leaves out what follows.</summary>
public sealed partial class StyleTests
{
    public static TheoryData<string> Sheets => [.. Directory.EnumerateFiles(RepositoryFiles.At("src", "Beep.Host", "wwwroot"), "*.css").Select(path => Path.GetFileName(path))];

    [Theory]
    [MemberData(nameof(Sheets))]
    public void Rules_AreClosedAndNestedInQueriesAlone(string sheet)
    {
        var open = new Stack<string>();
        foreach (var (begin, text) in Pieces(sheet))
        {
            if (!begin)
            {
                Assert.True(open.TryPop(out _), "A brace closes nothing.");
                continue;
            }

            Assert.True(open.All(outer => outer.StartsWith('@')), $"'{text}' stands in '{open.FirstOrDefault()}', and nobody sees its style.");
            Assert.True(!text.StartsWith('@') || open.Count == 0, $"'{text}' stands in '{open.FirstOrDefault()}', which was not closed.");
            open.Push(text);
        }

        Assert.Empty(open);
    }

    [Theory]
    [MemberData(nameof(Sheets))]
    public void Selectors_OutsideQueries_StandOnce(string sheet)
    {
        var depth = 0;
        var selectors = new List<string>();
        foreach (var (begin, text) in Pieces(sheet))
        {
            if (begin && depth == 0 && !text.StartsWith('@'))
            {
                selectors.Add(text);
            }

            depth += begin ? 1 : -1;
        }

        Assert.Empty(selectors.GroupBy(selector => selector).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    /// <summary>Every brace, an opening one with what stands before it.</summary>
    private static IEnumerable<(bool Begins, string Text)> Pieces(string sheet)
    {
        var text = Comment().Replace(File.ReadAllText(RepositoryFiles.At("src", "Beep.Host", "wwwroot", sheet)), "");
        var start = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] is '{' or '}')
            {
                yield return (text[at] == '{', Space().Replace(text[start..at].Split(';')[^1].Trim(), " "));
                start = at + 1;
            }
        }
    }

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
