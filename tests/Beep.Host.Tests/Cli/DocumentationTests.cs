using System.Text.RegularExpressions;
using Beep.Host.Cli;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Cli;

/// <summary>What the documentation shows must work as shown.</summary>
public sealed partial class DocumentationTests
{
    private const string Launcher = "./beep";

    public static TheoryData<string, string> Commands
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var (page, command) in Pages().SelectMany(page => CommandsOf(page).Select(command => (page, command))).Distinct())
            {
                data.Add(Path.GetRelativePath(RepositoryFiles.Root, page), command);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Pages_ShownCommand_ParsesWithTheRealCommandTree(string page, string command)
    {
        var tree = BeepCommand.CreateTree(new TestTerminal().Services());
        var parsed = tree.Parse(Split(command)[1..]);
        Assert.True(parsed.Errors.Count == 0, $"{page}: {command}: {string.Join(' ', parsed.Errors.Select(error => error.Message))}");
    }

    [Fact]
    public void Pages_Guide_ShowsEveryCommand()
    {
        var guide = File.ReadAllText(RepositoryFiles.At("docs", "guide", "command-line.md"));
        var tree = BeepCommand.CreateTree(new TestTerminal().Services());
        foreach (var (name, command) in tree.Subcommands.SelectMany(command =>
            command.Subcommands.Count == 0 ? [(command.Name, command)] : command.Subcommands.Select(child => ($"{command.Name} {child.Name}", child))))
        {
            var row = guide.Split('\n').SingleOrDefault(line => line.StartsWith($"| `{Launcher} {name} ", StringComparison.Ordinal));
            Assert.True(row is not null, $"command-line.md has no row for '{name}'");
            var options = command.Options.Where(option => option.Name is not "--help");
            Assert.All(name == "plan" ? [] : options, option => Assert.Contains(option.Name, row, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Pages_Links_LeadSomewhere()
    {
        foreach (var page in Pages())
        {
            foreach (Match link in Link().Matches(File.ReadAllText(page)))
            {
                var target = link.Groups[1].Value;
                if (!target.StartsWith("https://", StringComparison.Ordinal))
                {
                    Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, target)), $"{page} links to '{target}', which is not there");
                }
            }
        }
    }

    [Theory]
    [InlineData("./beep a --b 'c d' \"e f\" g=\"h i\"", "./beep", "a", "--b", "c d", "e f", "g=h i")]
    public void Split_QuotedWords_AreAsAShellHasThem(string line, params string[] expected) => Assert.Equal(expected, Split(line));

    private static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(RepositoryFiles.Root, "*.md").Concat(Directory.EnumerateFiles(RepositoryFiles.At("docs"), "*.md", SearchOption.AllDirectories));

    private static IEnumerable<string> CommandsOf(string page)
    {
        var isCode = false;
        foreach (var line in File.ReadLines(page))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                isCode = !isCode;
            }
            else if (isCode && line.TrimStart().StartsWith(Launcher + " ", StringComparison.Ordinal))
            {
                yield return line.Trim();
            }
        }
    }

    private static string[] Split(string line) =>
        [.. Word().Matches(line).Select(match => Quoted().Replace(match.Value, quoted => quoted.Value[1..^1]))];

    [GeneratedRegex("""(?:"[^"]*"|'[^']*'|[^\s"'])+""")]
    private static partial Regex Word();

    [GeneratedRegex("""("[^"]*"|'[^']*')""")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\]\(([^)#]+)[^)]*\)")]
    private static partial Regex Link();
}
