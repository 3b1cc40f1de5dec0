using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Beep.LanguageModels.Datasets.Checking;

namespace Beep.Bench;

/// <summary>How fast a file of conversations is checked without a tokenizer, beside the plainest loop that only parses it.</summary>
internal static class DatasetCheckBench
{
    private const int Repeats = 3;

    /// <summary>Measures both on one file in one run, alternating, and prints the best of each.</summary>
    public static void Run(long megabytes)
    {
        var folder = Directory.CreateTempSubdirectory("beep-bench-");
        try
        {
            var path = Path.Combine(folder.FullName, "chat.jsonl");
            ChatRows.Write(path, megabytes * 1_000_000);
            var size = new FileInfo(path).Length / 1e6;
            var (check, plain) = (double.MaxValue, double.MaxValue);
            var rows = 0L;
            for (var repeat = 0; repeat < Repeats; repeat++)
            {
                check = Math.Min(check, Seconds(() => rows = DatasetChecker.Check(path, new DatasetCheckOptions(), null, null, CancellationToken.None).ValidRows));
                plain = Math.Min(plain, Seconds(() => ParseOnly(path)));
            }

            Print($"{rows:N0} rows, {size:N0} MB, {Environment.ProcessorCount} processors, best of {Repeats}");
            Print($"dataset check              {size / check,8:N0} MB/s");
            Print($"ReadLines + JsonDocument   {size / plain,8:N0} MB/s");
            Print($"ratio                      {plain / check,8:N1}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void ParseOnly(string path)
    {
        foreach (var line in File.ReadLines(path))
        {
            using var document = JsonDocument.Parse(line);
        }
    }

    private static double Seconds(Action action)
    {
        GC.Collect();
        var watch = Stopwatch.StartNew();
        action();
        return watch.Elapsed.TotalSeconds;
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
