using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Beep.Contracts;

/// <summary>Writes <c>spec.json</c> with every field, so that a run can be repeated by a version with other defaults.</summary>
public static class SpecWriter
{
    /// <summary>Writes the file atomically.</summary>
    public static void Write(JobFolder folder, JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(folder);
        DurableFile.Write(folder.Spec, JsonSerializer.SerializeToUtf8Bytes(spec, ContractJson.Indented.JobSpec));
    }

    /// <summary>The spec as a tree, to override fields of.</summary>
    public static JsonObject ToTree(JobSpec spec) => JsonSerializer.SerializeToNode(spec, ContractJson.Indented.JobSpec)!.AsObject();

    /// <summary>The name by which an enumeration's member goes in the files of a job folder.</summary>
    public static string WireName<T>(T value)
        where T : struct, Enum => WireName(typeof(T), value.ToString());

    internal static string WireName(Type type, string member) =>
        type.GetField(member)?.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? member;
}
