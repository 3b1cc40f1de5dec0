using System.Text;
using Beep.LanguageModels.Datasets.Checking;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets;

/// <summary>Alone, so that the memory seen is that of the code under test.</summary>
[CollectionDefinition(nameof(BoundedMemoryTests), DisableParallelization = true)]
public sealed class BoundedMemoryGroup;

[Collection(nameof(BoundedMemoryTests))]
public sealed class BoundedMemoryTests
{
    private const long Large = 300_000_000;
    private const long Smaller = 120_000_000;
    private const long Bound = 100_000_000;

    public static TheoryData<string, long, string, string, string, bool> Files => new()
    {
        { "rows.jsonl", Large, "", $"{{\"text\":\"{new string('x', 1000)} #\"}}\n", "", true },
        { "rows.json", Large, "[\n", $"{{\"text\":\"{new string('x', 1000)} #\"}},\n", "{\"text\":\"last\"}]\n", true },
        { "rows.csv", Smaller, "text\n", $"\"{new string('x', 500)}\n{new string('x', 500)} #\"\n", "", true },
        { "rows.txt", Smaller, "", $"{new string('x', 1000)} #\n", "", true },
        { "line.jsonl", Large, "{\"text\":\"", new string('x', 1000), "\"}\n", false },
        { "line.txt", Smaller, "", new string('x', 1000), "", false },
        { "element.json", Smaller, "[{\"text\":\"", new string('x', 1000), "\"}]\n", false },
        { "nested.json", Smaller, "[", "[[[[[[[[{\"a\":", "", false },
        { "cell.csv", Smaller, "text\n\"", "a line\n", "\"", false },
        { "header.csv", Smaller, "\"", "a line\n", "\"\n", false },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Check_LargeFile_NeedsLittleMemory(string name, long bytes, string head, string part, string tail, bool isSound)
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder.At(name), bytes, head, part, tail);
        DatasetReport? report = null;
        Beep.Contracts.FaultException? refused = null;

        var peak = PeakBytes(() =>
        {
            try
            {
                report = DatasetChecker.Check(path, new DatasetCheckOptions(), null, null, CancellationToken.None);
            }
            catch (Beep.Contracts.FaultException error)
            {
                refused = error;
            }
        });

        Assert.InRange(peak, 0, Bound);
        Assert.Equal(isSound, report is { Errors: 0, Rows: > 50_000, Duplicates: 0 });
        Assert.True(isSound || refused is not null || report!.Findings[0].Code is "line_too_long" or "bad_json");
    }

    /// <summary>Repeats a part until the file is large; a '#' in it becomes a number, so that no two rows are equal.</summary>
    private static string Write(string path, long bytes, string head, string part, string tail)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        stream.Write(Encoding.UTF8.GetBytes(head));
        var (before, after) = part.Split('#') is [var first, var second] ? (first, second) : (part, "");
        var (beforeBytes, afterBytes) = (Encoding.UTF8.GetBytes(before), Encoding.UTF8.GetBytes(after));
        for (var number = 0; stream.Position < bytes; number++)
        {
            stream.Write(beforeBytes);
            if (after.Length > 0)
            {
                stream.Write(Encoding.UTF8.GetBytes(number.ToString(System.Globalization.CultureInfo.InvariantCulture)));
                stream.Write(afterBytes);
            }
        }

        stream.Write(Encoding.UTF8.GetBytes(tail));
        return path;
    }

    /// <summary>The most live memory above that before the action, by collecting all the while.</summary>
    private static long PeakBytes(Action action)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (peak, isDone) = (0L, false);
        var watcher = new Thread(() =>
        {
            while (!Volatile.Read(ref isDone))
            {
                GC.Collect();
                peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false) - before);
                Thread.Sleep(10);
            }
        });
        watcher.Start();
        action();
        Volatile.Write(ref isDone, true);
        watcher.Join();
        return peak;
    }
}
