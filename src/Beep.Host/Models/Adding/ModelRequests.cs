using System.Text.Json.Serialization;

namespace Beep.Host.Models.Adding;

/// <summary>A folder of the server that is to become a model.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ImportRequest
{
    /// <summary>The whole path; it lies in one of the folders that may be imported from.</summary>
    public required string Folder { get; init; }

    /// <summary><c>publisher/name</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Of an adapter: the id or name of its base; left out, what the adapter says itself.</summary>
    public string? Base { get; init; }

    /// <summary>Uses the files where they are instead of a copy; needs system:admin.</summary>
    public bool InPlace { get; init; }
}

/// <summary>A repository of the hub that is to become a model.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record DownloadRequest
{
    /// <summary><c>publisher/name</c> at the hub.</summary>
    public required string Repository { get; init; }

    /// <summary>A branch, a tag or a commit; the main branch where it is left out.</summary>
    public string? Revision { get; init; }

    /// <summary>What it is to be called here; as at the hub where it is left out.</summary>
    public string? Name { get; init; }

    /// <summary>Of an adapter: the id or name of its base; left out, what the adapter says itself.</summary>
    public string? Base { get; init; }
}

/// <summary>A repository of the hub, before anything of it is downloaded.</summary>
internal sealed record HubModelView
{
    public required string Repository { get; init; }

    /// <summary>What the revision that was asked for is now.</summary>
    public required string Commit { get; init; }

    public required ModelKind Kind { get; init; }

    public string? License { get; init; }

    public string? LicenseLink { get; init; }

    /// <summary>Whether its terms must be accepted first, at <see cref="Page"/>.</summary>
    public required bool IsGated { get; init; }

    public required string Page { get; init; }

    public string? Architecture { get; init; }

    public long? Parameters { get; init; }

    /// <summary>Of an adapter: what it says it belongs to.</summary>
    public string? BaseModel { get; init; }

    /// <summary>How much would come.</summary>
    public required long Bytes { get; init; }

    /// <summary>What would come.</summary>
    public required IReadOnlyList<HubFileView> Files { get; init; }

    /// <summary>Why it cannot be used here; null where nothing is known against it.</summary>
    public ModelProblem? Problem { get; init; }

    /// <summary>The id of the model that has its name here.</summary>
    public string? ModelId { get; init; }
}

internal sealed record HubFileView(string Name, long Bytes);

internal sealed record ModelProblem(string Code, string Message, string Remedy);
