using System.Globalization;
using System.Security.Claims;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Datasets;

/// <summary>A version with its dataset and its files.</summary>
/// <param name="Dataset">What it is a version of.</param>
/// <param name="Version">Its row.</param>
/// <param name="Folder">Where its files lie, absolute.</param>
internal sealed record FoundVersion(Dataset Dataset, DatasetVersion Version, string Folder)
{
    /// <summary>The file that jobs train on, absolute.</summary>
    public string Path => System.IO.Path.Combine(Folder, Version.FileName);
}

/// <summary>Finds versions for whoever may see them.</summary>
internal sealed class DatasetReader(FineTuneDatabase database, DatasetAccess access, HostPaths paths)
{
    /// <summary>The version of this number; the newest where none is said.</summary>
    /// <exception cref="HttpFaultException">404: there is none for this caller. 409: the dataset was deleted.</exception>
    public async Task<FoundVersion> RequireAsync(string datasetId, int? number, ClaimsPrincipal caller, AccessLevel level, CancellationToken cancellationToken)
    {
        var dataset = await access.RequireAsync(datasetId, caller, level, cancellationToken);
        return await FindAsync(dataset, number ?? dataset.LatestVersion, cancellationToken)
            ?? throw HttpFaultException.NotFound("version_not_found", string.Create(CultureInfo.InvariantCulture, $"The dataset '{datasetId}' has no version {number ?? dataset.LatestVersion}."), "List its versions.");
    }

    /// <summary>A version that a job can take: its rows were checked and are sound.</summary>
    /// <exception cref="HttpFaultException">404: there is none for this caller. 409: the dataset was deleted, or the version is not ready.</exception>
    public async Task<FoundVersion> RequireReadyAsync(string datasetId, int? number, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var found = await RequireAsync(datasetId, number, caller, AccessLevel.Read, cancellationToken);
        var name = string.Create(CultureInfo.InvariantCulture, $"Version {found.Version.Number} of the dataset '{datasetId}'");
        return found.Version.State switch
        {
            DatasetState.Ready => found,
            DatasetState.Checking => throw HttpFaultException.Conflict("dataset_checking", $"{name} is still being checked.", "Wait for its report."),
            DatasetState.Invalid => throw HttpFaultException.Conflict("dataset_invalid", string.Create(CultureInfo.InvariantCulture, $"{name} has {found.Version.Errors} errors."), "Its report says which; upload a version without them."),
            _ => throw HttpFaultException.Conflict("dataset_unchecked", $"{name} could not be checked.", "Check it again."),
        };
    }

    /// <summary>The version behind a job, whoever asks; null when it is gone or its dataset was deleted.</summary>
    public async Task<FoundVersion?> FindAsync(long versionSeq, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var found = await (
            from version in context.Set<DatasetVersion>().AsNoTracking()
            join dataset in context.Set<Dataset>().AsNoTracking() on version.DatasetSeq equals dataset.Seq
            where version.Seq == versionSeq && dataset.DeletedAt == null
            select new { dataset, version }).SingleOrDefaultAsync(cancellationToken);
        return found is null ? null : new FoundVersion(found.dataset, found.version, paths.DatasetVersion(found.dataset.Id, found.version.Number));
    }

    /// <summary>A version of a dataset; null when it has none of this number.</summary>
    public async Task<FoundVersion?> FindAsync(Dataset dataset, int number, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await context.Set<DatasetVersion>().AsNoTracking().SingleOrDefaultAsync(version => version.DatasetSeq == dataset.Seq && version.Number == number, cancellationToken) is { } found
            ? new FoundVersion(dataset, found, paths.DatasetVersion(dataset.Id, number))
            : null;
    }
}
