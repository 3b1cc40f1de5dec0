using System.Text.Json.Nodes;
using Beep.Contracts;

namespace Beep.Host.Jobs.Specs;

/// <summary>A field in which two specs differ; values are JSON.</summary>
internal sealed record SpecDifference(string Path, string Before, string After)
{
    /// <summary>Every field in which the specs differ, in the order of the file.</summary>
    public static IReadOnlyList<SpecDifference> Between(JobSpec before, JobSpec after)
    {
        var differences = new List<SpecDifference>();
        Compare(SpecWriter.ToTree(before), SpecWriter.ToTree(after), "", differences);
        return differences;
    }

    private static void Compare(JsonNode? before, JsonNode? after, string path, List<SpecDifference> differences)
    {
        if (before is JsonObject left && after is JsonObject right)
        {
            foreach (var key in left.Select(pair => pair.Key).Union(right.Select(pair => pair.Key)))
            {
                Compare(left[key], right[key], path.Length == 0 ? key : $"{path}.{key}", differences);
            }
        }
        else if (!JsonNode.DeepEquals(before, after))
        {
            differences.Add(new SpecDifference(path, Text(before), Text(after)));
        }
    }

    private static string Text(JsonNode? node) => node?.ToJsonString() ?? "null";
}
