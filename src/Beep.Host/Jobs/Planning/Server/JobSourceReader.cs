using System.Security.Claims;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs.Api;
using Beep.Host.Jobs.Stored;
using Beep.Host.Models;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Planning.Server;

/// <summary>Finds what jobs name: only what the caller may see.</summary>
internal sealed class JobSourceReader(HostDatabase host, FineTuneDatabase fineTune, ModelReader models, DatasetAccess datasets, HostPaths paths)
{
    public async Task<JobSources> ReadAsync(NewJob wanted, ClaimsPrincipal caller, CancellationToken cancellationToken) => new(
        await ModelAsync(wanted.Model, caller, cancellationToken).ConfigureAwait(false),
        await DatasetAsync(wanted.Dataset, wanted.DatasetVersion, caller, cancellationToken).ConfigureAwait(false),
        wanted.ValidationDataset is null ? null : await DatasetAsync(wanted.ValidationDataset, wanted.ValidationVersion, caller, cancellationToken).ConfigureAwait(false),
        wanted.ValidationShare);

    /// <summary>What a stored job names; whoever may use the job may use these.</summary>
    public async Task<JobSources> ReadAsync(Job job, CancellationToken cancellationToken)
    {
        var context = fineTune.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        return new JobSources(
            await ModelAsync(job.ModelId, caller: null, cancellationToken).ConfigureAwait(false),
            await VersionAsync(context, job.DatasetVersionSeq, cancellationToken).ConfigureAwait(false),
            job.ValidationVersionSeq is { } seq ? await VersionAsync(context, seq, cancellationToken).ConfigureAwait(false) : null,
            StoredSpec.ShareOf(job.Spec));
    }

    private async Task<ModelSource> ModelAsync(string? id, ClaimsPrincipal? caller, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(id))
        {
            return new ModelSource(id, SourceState.NotNamed);
        }

        if (!PublicId.IsOne(id))
        {
            return new ModelSource(id, SourceState.Malformed);
        }

        var context = host.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var chosen = caller is null
            ? await context.Set<Model>().AsNoTracking().SingleOrDefaultAsync(model => model.Id == id, cancellationToken).ConfigureAwait(false)
            : await models.FindAsync(id, caller, cancellationToken).ConfigureAwait(false);
        if (chosen is null)
        {
            return new ModelSource(id, SourceState.NotFound);
        }

        var trained = chosen.Kind == ModelKind.Adapter
            ? await context.Set<Model>().AsNoTracking().SingleOrDefaultAsync(model => model.Id == chosen.BaseId, cancellationToken).ConfigureAwait(false)
            : chosen;
        var (folder, adapter) = (FolderOf(trained), chosen.Kind == ModelKind.Adapter ? FolderOf(chosen) : null);
        var isReady = chosen.State == ModelState.Ready && trained?.State == ModelState.Ready && Directory.Exists(folder) && (adapter is null || Directory.Exists(adapter));
        return new ModelSource(id, isReady ? SourceState.Ready : SourceState.NotReady, chosen, trained, folder, adapter);
    }

    private async Task<DatasetSource> DatasetAsync(string? id, int? number, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(id))
        {
            return new DatasetSource(id, SourceState.NotNamed);
        }

        if (!PublicId.IsOne(id))
        {
            return new DatasetSource(id, SourceState.Malformed);
        }

        var context = fineTune.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        if (await datasets.FindAsync(id, caller, AccessLevel.Read, cancellationToken).ConfigureAwait(false) is not { } dataset)
        {
            return new DatasetSource(id, SourceState.NotFound);
        }

        var versions = context.Set<DatasetVersion>().AsNoTracking().Where(version => version.DatasetSeq == dataset.Seq);
        // Without a number: the newest that is ready, else the newest, which says why it is not.
        var chosen = number is { } wanted
            ? await versions.SingleOrDefaultAsync(version => version.Number == wanted, cancellationToken).ConfigureAwait(false)
            : await versions.OrderByDescending(version => version.State == DatasetState.Ready).ThenByDescending(version => version.Number).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        return chosen is null && number is not null && dataset.DeletedAt is null ? new DatasetSource(id, SourceState.NotFound, dataset) : Judge(id, dataset, chosen);
    }

    private async Task<DatasetSource> VersionAsync(FineTuneDbContext context, long seq, CancellationToken cancellationToken)
    {
        var found = await (
            from version in context.Set<DatasetVersion>().AsNoTracking()
            join dataset in context.Set<Dataset>().AsNoTracking() on version.DatasetSeq equals dataset.Seq
            where version.Seq == seq
            select new { version, dataset }).SingleOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        return found is null ? new DatasetSource(null, SourceState.NotFound) : Judge(found.dataset.Id, found.dataset, found.version);
    }

    private DatasetSource Judge(string id, Dataset dataset, DatasetVersion? version)
    {
        var file = version is null ? null : Path.Combine(paths.DatasetVersion(dataset.Id, version.Number), version.FileName);
        var state = dataset.DeletedAt is not null ? SourceState.Deleted
            : version?.State == DatasetState.Ready && File.Exists(file) ? SourceState.Ready
            : SourceState.NotReady;
        return new DatasetSource(id, state, dataset, version, file);
    }

    /// <summary>404, or 409 for one that was removed.</summary>
    public Task RequireModelAsync(string id, ClaimsPrincipal caller, CancellationToken cancellationToken) => models.RequireAsync(id, caller, cancellationToken);

    private string? FolderOf(Model? model) => model is null ? null : models.FolderOf(model);
}
