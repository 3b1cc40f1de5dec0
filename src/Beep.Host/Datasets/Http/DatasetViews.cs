using System.Text.Json;
using System.Text.Json.Serialization;
using Beep.Host.Tasks;

namespace Beep.Host.Datasets.Http;

/// <summary>A dataset with its newest version.</summary>
internal sealed record DatasetView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public string? Description { get; init; }

    public required long OwnerId { get; init; }

    public required int LatestVersion { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The newest version; null while there is none.</summary>
    public VersionView? Latest { get; init; }

    public static DatasetView Of(Dataset dataset, DatasetVersion? latest) => new()
    {
        Id = dataset.Id,
        Name = dataset.Name,
        Description = dataset.Description,
        OwnerId = dataset.OwnerId,
        LatestVersion = dataset.LatestVersion,
        CreatedAt = dataset.CreatedAt,
        UpdatedAt = dataset.UpdatedAt,
        Latest = latest is null ? null : VersionView.Of(latest),
    };
}

/// <summary>A version.</summary>
internal sealed record VersionView
{
    public required int Version { get; init; }

    /// <summary><c>checking</c>, <c>ready</c>, <c>invalid</c> or <c>failed</c>.</summary>
    public required DatasetState State { get; init; }

    /// <summary>What the file was called.</summary>
    public required string Filename { get; init; }

    public required long Bytes { get; init; }

    public required string Sha256 { get; init; }

    public string? Format { get; init; }

    public long? Rows { get; init; }

    public long? Tokens { get; init; }

    public long? TrainableTokens { get; init; }

    public int? Errors { get; init; }

    public int? Warnings { get; init; }

    /// <summary>The task that checks it or did.</summary>
    public string? TaskId { get; init; }

    public required long CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public static VersionView Of(DatasetVersion version) => new()
    {
        Version = version.Number,
        State = version.State,
        Filename = version.SourceName,
        Bytes = version.Bytes,
        Sha256 = version.Sha256,
        Format = version.Format,
        Rows = version.Rows,
        Tokens = version.Tokens,
        TrainableTokens = version.TrainableTokens,
        Errors = version.Errors,
        Warnings = version.Warnings,
        TaskId = version.TaskId,
        CreatedBy = version.CreatedBy,
        CreatedAt = version.CreatedAt,
    };
}

/// <summary>What an upload became.</summary>
/// <param name="IsNew">False where the dataset had a version with the same bytes.</param>
internal sealed record AddedVersionView(DatasetView Dataset, VersionView Version, bool IsNew);

/// <summary>What is absent stays; an empty description is none.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record DatasetChange
{
    public string? Name { get; init; }

    public string? Description { get; init; }
}

/// <summary>A file of the server that is wanted.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ImportRequest
{
    /// <summary>Whole, in a folder that may be imported from.</summary>
    public required string Path { get; init; }

    /// <summary>Of a new dataset; what the file is called where it is absent.</summary>
    public string? Name { get; init; }

    public string? Description { get; init; }

    /// <summary>The id of the dataset that gets a version; absent for a new one.</summary>
    public string? Dataset { get; init; }
}

/// <summary>With what a version is to be checked.</summary>
/// <param name="Model">Whose tokens are counted; absent for none.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record CheckRequest(string? Model = null);

/// <summary>How a version is to be split.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record SplitRequest
{
    /// <summary>Which part of the rows is held out, above 0 and below 1.</summary>
    public required double Share { get; init; }

    /// <summary>Another one holds out other rows.</summary>
    public long Seed { get; init; } = 42;

    public string? TrainName { get; init; }

    public string? ValidationName { get; init; }
}

/// <summary>A row that is looked for, as it stands in a file; white space between its values does not matter.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record SeenRequest(JsonElement Row);

/// <summary>A version that has the row.</summary>
/// <param name="Lines">Where, the first of them.</param>
/// <param name="Jobs">Which jobs learnt or were measured with the version.</param>
internal sealed record SeenVersion(string DatasetId, string DatasetName, int Version, IReadOnlyList<long> Lines, IReadOnlyList<UseView> Jobs);

/// <summary>Where a row was seen.</summary>
/// <param name="VersionsSearched">How many versions were looked at.</param>
/// <param name="VersionsSkipped">How many were not, since their rows were never read.</param>
internal sealed record SeenAnswer(IReadOnlyList<SeenVersion> Versions, int VersionsSearched, int VersionsSkipped);

/// <summary>A job with a version.</summary>
internal sealed record UseView(string JobId, string JobName, string State, int? Version, bool IsValidation, IReadOnlyList<string> ModelIds);

/// <summary>A task that was started.</summary>
internal sealed record StartedTask(TaskView Task);
