using Beep.Host.Datasets;
using Beep.Host.Models;

namespace Beep.Host.Jobs.Planning.Server;

/// <summary>What became of an id that a caller named.</summary>
internal enum SourceState
{
    NotNamed = 1,

    /// <summary>It is no id at all.</summary>
    Malformed = 2,

    /// <summary>There is none, or it is somebody else's.</summary>
    NotFound = 3,
    Deleted = 4,
    NotReady = 5,
    Ready = 6,
}

/// <summary>The model that was named.</summary>
/// <param name="Given">What the caller said.</param>
/// <param name="State">What became of it.</param>
/// <param name="Chosen">The one that was named; null where there is none.</param>
/// <param name="Base">What is trained: the same, or the base of an adapter.</param>
/// <param name="Folder">Where the base lies.</param>
/// <param name="Adapter">Where the adapter to go on from lies; null for none.</param>
internal sealed record ModelSource(string? Given, SourceState State, Model? Chosen = null, Model? Base = null, string? Folder = null, string? Adapter = null);

/// <summary>A version of a dataset that was named.</summary>
/// <param name="Given">What the caller said.</param>
/// <param name="State">What became of it.</param>
/// <param name="Dataset">Null where there is none.</param>
/// <param name="Version">Null where there is none of that number.</param>
/// <param name="File">Where its rows lie.</param>
internal sealed record DatasetSource(string? Given, SourceState State, Dataset? Dataset = null, DatasetVersion? Version = null, string? File = null)
{
    /// <summary>How it is stored and shown: <c>id/v3</c>.</summary>
    public string? Reference => Dataset is null || Version is null ? null : FormattableString.Invariant($"{Dataset.Id}/v{Version.Number}");

    /// <summary>How people know it: "colours v3".</summary>
    public string? Title => Dataset is null || Version is null ? null : FormattableString.Invariant($"{Dataset.Name} v{Version.Number}");
}

/// <summary>Everything that a job is made of.</summary>
/// <param name="Model">What learns.</param>
/// <param name="Train">What it learns.</param>
/// <param name="Validation">The dataset that is held out; null for none.</param>
/// <param name="Share">The part of the rows that is held out instead; null for none.</param>
internal sealed record JobSources(ModelSource Model, DatasetSource Train, DatasetSource? Validation, double? Share)
{
    public bool AreReady => Model.State == SourceState.Ready && Train.State == SourceState.Ready && Validation is null or { State: SourceState.Ready };
}
