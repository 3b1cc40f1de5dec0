using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;

namespace Beep.Host.Tests.Jobs.Support;

/// <summary>How far a run goes that is begun again: one that must not end before it is told to gets an end of its own afterwards.</summary>
internal static class JobSteps
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void Set(JobFolder folder, int steps)
    {
        var spec = JsonNode.Parse(File.ReadAllText(folder.Spec))!;
        spec["train"]!["max_steps"] = steps;
        File.WriteAllText(folder.Spec, spec.ToJsonString(Indented));
    }
}
