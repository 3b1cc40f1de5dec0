using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Placing;

/// <summary>Where a job runs and in what: everything about its run that is not about its figures, which are those of the spec.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record Placement
{
    public const string Local = "local";
    public const string Slurm = "slurm";

    public static readonly Placement Default = new();

    /// <summary><c>local</c> or <c>slurm</c>.</summary>
    public string Executor { get; init; } = Local;

    /// <summary>The environment whose Python runs a <c>transformers</c> worker, by its name; null for other backends.</summary>
    public string? Environment { get; init; }

    /// <summary>Which registered backend a <c>custom</c> job runs, by its name; null for other backends.</summary>
    public string? CustomBackend { get; init; }

    /// <summary>How many GPUs it gets; null where nobody chose.</summary>
    public int? Gpus { get; init; }

    /// <summary>Which ones, by their numbers on this machine; null where any will do.</summary>
    public IReadOnlyList<int>? Devices { get; init; }

    /// <summary>What it asks of the cluster; null on this machine.</summary>
    public SlurmRequest? Cluster { get; init; }

    /// <summary>What it takes of a host while it runs.</summary>
    [JsonIgnore]
    public string ResourceClass => Executor == Slurm ? Tasks.ResourceClass.Remote : (Devices?.Count ?? Gpus ?? 0) is > 0 and var gpus ? Tasks.ResourceClass.Gpu(gpus) : Tasks.ResourceClass.Cpu;

    /// <summary>With one field changed, by its path: <c>cluster.nodes</c>.</summary>
    public Placement With(string path, JsonNode? value)
    {
        var tree = JsonSerializer.SerializeToNode(this, TaskJson.Options)!.AsObject();
        var keys = path.Split('.');
        var place = tree;
        foreach (var key in keys[..^1])
        {
            place = (place[key] ??= new JsonObject()).AsObject();
        }

        place[keys[^1]] = value?.DeepClone();
        return tree.Deserialize<Placement>(TaskJson.Options)!;
    }

    /// <summary>As it is stored; null for a run of the shipped trainer on this machine.</summary>
    public string? ToJson() => this == Default ? null : JsonSerializer.Serialize(this, TaskJson.Options);

    public static Placement Read(string? json) => json is null ? Default : JsonSerializer.Deserialize<Placement>(json, TaskJson.Options) ?? Default;
}

/// <summary>What a job asks of Slurm; what it leaves out, the settings of the server say.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record SlurmRequest
{
    public string? Partition { get; init; }

    public string? Account { get; init; }

    public string? Qos { get; init; }

    /// <summary>The longest it may take, in minutes.</summary>
    public int? Minutes { get; init; }

    public int? Nodes { get; init; }

    /// <summary>GPUs on every node.</summary>
    public int? GpusPerNode { get; init; }

    public int? CpusPerTask { get; init; }

    /// <summary>Memory on every node, in MiB.</summary>
    public int? MemoryMib { get; init; }
}
