using System.Text.Json.Nodes;
using Beep.Tests;

namespace Beep.Trainer.Tests;

/// <summary>What Transformers and PEFT computed on a fixture.</summary>
internal static class ReferenceFile
{
    public static JsonObject Read(params string[] path) => JsonNode.Parse(File.ReadAllBytes(RepositoryFiles.Fixture(path)))!.AsObject();

    public static long[][] Rows(JsonNode node) => [.. node.AsArray().Select(row => row!.AsArray().Select(value => value!.GetValue<long>()).ToArray())];

    public static float[] Floats(JsonNode node) => [.. node.AsArray().Select(value => value!.GetValue<float>())];

    public static double[] Doubles(JsonNode node) => [.. node.AsArray().Select(value => value!.GetValue<double>())];

    public static double LargestDifference(IReadOnlyList<float> expected, IReadOnlyList<float> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        return Report("largest difference", expected.Zip(actual, (a, b) => Math.Abs((double)a - b)).Max());
    }

    /// <summary>Leaves a measured figure in the test's output (<c>-showLiveOutput</c> prints it).</summary>
    public static double Report(string what, double figure)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"{what} {figure:0.0e+0}"));
        return figure;
    }
}
