using System.Text.RegularExpressions;
using Beep.Tests;

namespace Beep.Host.Tests.Architecture;

/// <summary>What holds for the text of every file of ours.</summary>
public sealed partial class SourceTests
{
    private const int MostLines = 400;
    private static readonly string[] Kept = ["src", "tests", "bench", "build", "contracts", "docs"];

    [Fact]
    public void Sources_Length_StaysReadable() => Assert.Empty(
        from file in Sources()
        let lines = File.ReadLines(file).Count()
        where lines > MostLines
        select $"{file} has {lines} lines; at most {MostLines}");

    [Fact]
    public void Sources_Namespaces_AreFileScoped() => Assert.DoesNotContain(
        Sources(), file => BlockNamespace().IsMatch(File.ReadAllText(file)));

    [Fact]
    public void Files_MachinePaths_AreAbsent() => Assert.Empty(
        from file in Files("*.cs").Concat(Files("*.md")).Concat(Files("*.json")).Concat(Files("*.props")).Concat(Files("*.csproj"))
        where !Path.GetFileName(file).EndsWith(".lock.json", StringComparison.Ordinal) && !file.Contains("Fixtures", StringComparison.Ordinal)
        where MachinePath().IsMatch(File.ReadAllText(file))
        select file);

    /// <summary>What people write: migrations are as the tool writes them.</summary>
    private static IEnumerable<string> Sources() =>
        Files("*.cs").Where(file => !file.Contains($"{Path.DirectorySeparatorChar}Migrations{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static IEnumerable<string> Files(string pattern) =>
        Kept.Select(folder => RepositoryFiles.At(folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories));

    [GeneratedRegex(@"^namespace [\w.]+\s*\{", RegexOptions.Multiline)]
    private static partial Regex BlockNamespace();

    [GeneratedRegex(@"(^|[\s""'=(])/(work|root|home/(?!ada)[a-z]+|Users)/")]
    private static partial Regex MachinePath();
}
