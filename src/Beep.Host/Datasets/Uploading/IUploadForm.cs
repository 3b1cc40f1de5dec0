using Beep.Host.Hosting.Http;

namespace Beep.Host.Datasets.Uploading;

/// <summary>Which fields a form with a file has, and what they say about it.</summary>
internal interface IUploadForm
{
    /// <summary>Whether there may be a field of this name.</summary>
    bool Takes(string field);

    /// <summary>What is to become of the file.</summary>
    /// <param name="sourceName">What it is called, cleaned.</param>
    /// <param name="fields">Those that came so far.</param>
    /// <param name="userId">Who brings it.</param>
    /// <param name="isWhole">Whether all fields have come: before that some may be missing that are wanted.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="HttpFaultException">A field is wrong.</exception>
    Task<UploadTarget> ToTargetAsync(string sourceName, IReadOnlyDictionary<string, string> fields, long userId, bool isWhole, CancellationToken cancellationToken);
}

/// <summary>The form of our own pages and programs.</summary>
/// <param name="datasetId">The dataset that gets a version; null for a new one.</param>
internal sealed class DatasetForm(string? datasetId) : IUploadForm
{
    public bool Takes(string field) => field is "name" or "description" or "sha256";

    public Task<UploadTarget> ToTargetAsync(string sourceName, IReadOnlyDictionary<string, string> fields, long userId, bool isWhole, CancellationToken cancellationToken) => Task.FromResult(new UploadTarget
    {
        UserId = userId,
        SourceName = sourceName,
        DatasetId = datasetId,
        Name = DatasetRules.Name(fields.GetValueOrDefault("name")),
        Description = DatasetRules.Description(fields.GetValueOrDefault("description")),
        Sha256 = DatasetRules.Sha256(fields.GetValueOrDefault("sha256")),
    });
}
