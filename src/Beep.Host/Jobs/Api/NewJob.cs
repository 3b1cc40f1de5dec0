using System.Text.Json;
using System.Text.Json.Serialization;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Jobs.Api;

/// <summary>A job that is wanted. It names models and datasets by their ids, and never a path.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record NewJob
{
    /// <summary>Null: the model and the dataset make one.</summary>
    public string? Name { get; init; }

    /// <summary>The id of a base model, or of an adapter to go on from.</summary>
    public string? Model { get; init; }

    /// <summary>The id of the dataset to learn from.</summary>
    public string? Dataset { get; init; }

    /// <summary>Null: the newest that is ready.</summary>
    public int? DatasetVersion { get; init; }

    /// <summary>The id of a dataset whose rows are held out.</summary>
    public string? ValidationDataset { get; init; }

    public int? ValidationVersion { get; init; }

    /// <summary>Instead: the part of the rows that is held out, above 0 and at most 0.5.</summary>
    public double? ValidationShare { get; init; }

    public string? Preset { get; init; }

    /// <summary>Fields of the spec by their paths: <c>"train.max_steps": 20</c>.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Overrides { get; init; }

    /// <summary>Where it is to run and in what; null: the server chooses.</summary>
    public Placement? Placement { get; init; }

    /// <summary>What a name of the result ends with.</summary>
    public string? Suffix { get; init; }

    /// <summary>Up to 16 pairs that are kept with the job.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>The higher is begun sooner; only system:admin chooses one.</summary>
    public int? Priority { get; init; }

    /// <summary>False keeps a draft; otherwise the job is queued.</summary>
    public bool? Start { get; init; }
}

/// <summary>What is absent stays.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record JobPatch
{
    public string? Name { get; init; }

    public int? Priority { get; init; }
}
