using System.Globalization;
using System.Security.Claims;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Datasets.Http;
using Beep.Host.Datasets.Reading;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Datasets;

/// <summary>Which datasets are meant.</summary>
/// <param name="Search">A part of the name; null for all.</param>
/// <param name="IsEverybodys">Whether those of others are wanted too.</param>
internal sealed record DatasetFilter(string? Search, bool IsEverybodys);

/// <summary>Lists, changes and deletes datasets, and starts what is done with them.</summary>
internal sealed class DatasetService(
    FineTuneDatabase database, FineTuneWriter writer, DatasetAccess access, DatasetReader reader, PrivilegeService privileges, IDatasetUses uses, IModelFolders models,
    TaskQueue tasks, TaskReader taskReader, HostPaths paths, TimeProvider time)
{
    private const int MostUses = 200;

    /// <summary>Newest first.</summary>
    public async Task<Page<DatasetView>> ListAsync(DatasetFilter filter, PageRequest page, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var user = caller.RequireUserId();
        await using var context = database.CreateContext();
        var datasets = context.Set<Dataset>().AsNoTracking().Where(dataset => dataset.DeletedAt == null);
        if (!filter.IsEverybodys)
        {
            var shared = await privileges.ListIdsAsync(user, DatasetAccess.Resource, AccessLevel.Read, cancellationToken);
            datasets = shared.Count == 0 ? datasets.Where(dataset => dataset.OwnerId == user) : datasets.Where(dataset => dataset.OwnerId == user || shared.Contains(dataset.Id));
        }

        if (!string.IsNullOrWhiteSpace(filter.Search))
        {
            var wanted = filter.Search.Trim().ToLowerInvariant();
#pragma warning disable CA1304, CA1311, CA1862 // It is the database that compares.
            datasets = datasets.Where(dataset => dataset.Name.ToLower().Contains(wanted) || dataset.Id == wanted);
#pragma warning restore CA1304, CA1311, CA1862
        }

        if (page.After is { } after)
        {
            datasets = datasets.Where(dataset => dataset.Seq < after);
        }

        var rows = await (
            from dataset in datasets.OrderByDescending(dataset => dataset.Seq).Take(page.Size + 1)
            join version in context.Set<DatasetVersion>() on new { dataset.Seq, Number = dataset.LatestVersion } equals new { Seq = version.DatasetSeq, version.Number } into versions
            from latest in versions.DefaultIfEmpty()
            orderby dataset.Seq descending
            select new { dataset, latest }).ToListAsync(cancellationToken);
        var cut = page.Cut(rows, row => row.dataset.Seq);
        return new Page<DatasetView>([.. cut.Items.Select(row => DatasetView.Of(row.dataset, row.latest))], cut.Next);
    }

    public async Task<DatasetView> GetAsync(string id, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var dataset = await access.RequireAsync(id, caller, AccessLevel.Read, cancellationToken);
        return DatasetView.Of(dataset, (await reader.FindAsync(dataset, dataset.LatestVersion, cancellationToken))?.Version);
    }

    /// <summary>Newest first.</summary>
    public async Task<Page<VersionView>> ListVersionsAsync(string id, PageRequest page, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var dataset = await access.RequireAsync(id, caller, AccessLevel.Read, cancellationToken);
        await using var context = database.CreateContext();
        var before = page.After ?? long.MaxValue;
        var rows = await context.Set<DatasetVersion>().AsNoTracking().Where(version => version.DatasetSeq == dataset.Seq && version.Number < before)
            .OrderByDescending(version => version.Number).Take(page.Size + 1).ToListAsync(cancellationToken);
        return page.Cut([.. rows.Select(VersionView.Of)], version => version.Version);
    }

    public async Task<DatasetView> UpdateAsync(string id, DatasetChange change, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        var found = await access.RequireAsync(id, caller, AccessLevel.Write, cancellationToken);
        var (name, description) = (DatasetRules.Name(change.Name), DatasetRules.Description(change.Description));
        await ChangeAsync(found, async (both, dataset, token) =>
        {
            if (name is not null)
            {
                await DatasetStore.RequireFreeNameAsync(both.FineTune, dataset.OwnerId, name, dataset.Seq, token);
            }

            (dataset.Name, dataset.Description) = (name ?? dataset.Name, change.Description is null ? dataset.Description : description);
            return Entry(actor, "dataset_updated", dataset) with
            {
                Details = new AuditDetails { Name = dataset.Name, From = found.Name == dataset.Name ? null : found.Name, Fields = [.. change.Name is null ? [] : (string[])["name"], .. change.Description is null ? [] : (string[])["description"]] },
            };
        }, cancellationToken);
        return await GetAsync(id, caller, cancellationToken);
    }

    /// <summary>Its rows and files go; that it was there stays, since jobs and the audit log speak of it.</summary>
    /// <exception cref="HttpFaultException">409: a job needs it.</exception>
    public async Task DeleteAsync(string id, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        var found = await access.RequireAsync(id, caller, AccessLevel.Admin, cancellationToken);
        await ChangeAsync(found, async (both, dataset, token) =>
        {
            var versions = await both.FineTune.Set<DatasetVersion>().Where(version => version.DatasetSeq == dataset.Seq).Select(version => version.Seq).ToListAsync(token);
            if (await uses.FindUnfinishedAsync(both.FineTune, versions, token) is { } job)
            {
                throw HttpFaultException.Conflict("dataset_in_use", $"The job '{job}' needs the dataset '{dataset.Name}'.", "Wait until it has ended, or cancel it.");
            }

            dataset.DeletedAt = time.GetUtcNow();
            return Entry(actor, "dataset_deleted", dataset);
        }, cancellationToken);
        await StopChecksAsync(found, actor);
        RemoveFiles(found.Id);
    }

    /// <summary>Reads a version again, and counts the tokens of a model where one is named.</summary>
    public async Task<TaskView> CheckAsync(string id, int number, string? modelId, ClaimsPrincipal caller, AuditActor actor, string? correlationId, CancellationToken cancellationToken)
    {
        var found = await reader.RequireAsync(id, number, caller, AccessLevel.Read, cancellationToken);
        await RequireModelAsync(modelId, caller, cancellationToken);
        if (found.Version.TaskId is { } running && await taskReader.FindAsync(running, cancellationToken) is { } before && !before.Status.IsEnd())
        {
            throw HttpFaultException.Conflict("dataset_checking", $"The task '{running}' checks this version now.", "Wait until it has ended, or cancel it.");
        }

        var task = await writer.ChangeAllAsync<TaskView>(async (both, token) =>
        {
            var version = await both.FineTune.Set<DatasetVersion>().SingleAsync(row => row.Seq == found.Version.Seq, token);
            var added = await tasks.EnqueueAsync(both.Host, DatasetStore.CheckTask(found.Dataset, version, modelId, caller.RequireUserId(), correlationId), actor, token);
            version.TaskId = added.Id;
            return (added, []);
        }, cancellationToken);
        tasks.Wake();
        return task;
    }

    /// <summary>Makes two datasets of a version: one to learn from, one to measure with.</summary>
    public async Task<TaskView> SplitAsync(string id, int number, SplitRequest wanted, ClaimsPrincipal caller, AuditActor actor, string? correlationId, CancellationToken cancellationToken)
    {
        var found = await reader.RequireReadyAsync(id, number, caller, cancellationToken);
        if (!(wanted.Share is > 0 and < 1))
        {
            throw HttpFaultException.Invalid("bad_share", string.Create(CultureInfo.InvariantCulture, $"share is {wanted.Share}."), "Choose a part above 0 and below 1, such as 0.1.", "share");
        }

        var user = caller.RequireUserId();
        var (train, validation) = (DatasetRules.Name(wanted.TrainName) ?? Shorten(found.Dataset.Name, " train"), DatasetRules.Name(wanted.ValidationName) ?? Shorten(found.Dataset.Name, " validation"));
        await using (var context = database.CreateContext())
        {
            await DatasetStore.RequireFreeNameAsync(context, user, train, 0, cancellationToken);
            await DatasetStore.RequireFreeNameAsync(context, user, validation, 0, cancellationToken);
        }

        if (train == validation)
        {
            throw HttpFaultException.Invalid("bad_name", "Both datasets would have one name.", "Choose two.", "validation_name");
        }

        return await tasks.EnqueueAsync(
            new NewTask(SplitDataset.KindName, string.Create(CultureInfo.InvariantCulture, $"Split {found.Dataset.Name}, version {number}"))
            {
                OwnerId = user,
                Input = new JsonObject { ["dataset"] = found.Dataset.Id, ["version"] = number, ["share"] = wanted.Share, ["seed"] = wanted.Seed, ["train"] = train, ["validation"] = validation },
                CorrelationId = correlationId,
            },
            actor, cancellationToken);
    }

    /// <summary>The jobs with any version of it that the caller may see.</summary>
    public async Task<IReadOnlyList<UseView>> ListUsesAsync(string id, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var dataset = await access.RequireAsync(id, caller, AccessLevel.Read, cancellationToken);
        await using var context = database.CreateContext();
        var versions = await context.Set<DatasetVersion>().Where(version => version.DatasetSeq == dataset.Seq).ToDictionaryAsync(version => version.Seq, version => version.Number, cancellationToken);
        return [.. (await uses.ListAsync(versions.Keys, caller, MostUses, cancellationToken)).Select(use => new UseView(use.Id, use.Name, use.State, versions.GetValueOrDefault(use.VersionSeq), use.IsValidation, use.ModelIds))];
    }

    private async Task RequireModelAsync(string? modelId, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        if (modelId is not null && await models.FindAsync(modelId, caller, cancellationToken) is null)
        {
            throw RowModels.NotFound();
        }
    }

    private async Task ChangeAsync(Dataset found, Func<FineTuneChange, Dataset, CancellationToken, Task<AuditEntry>> change, CancellationToken cancellationToken)
    {
        try
        {
            await writer.ChangeAsync<bool>(async (both, token) =>
            {
                await DatasetStore.LockAsync(both.Host, token);
                var dataset = await both.FineTune.Set<Dataset>().SingleAsync(row => row.Seq == found.Seq, token);
                if (dataset.DeletedAt is not null)
                {
                    throw HttpFaultException.Conflict("dataset_deleted", $"The dataset '{dataset.Id}' was deleted.", "Upload it again.");
                }

                var entry = await change(both, dataset, token);
                (dataset.UpdatedAt, dataset.Revision) = (time.GetUtcNow(), dataset.Revision + 1);
                return (true, entry);
            }, cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            throw HttpFaultException.Conflict("dataset_changed", "The dataset was changed by somebody else at the same moment.", "Look at it, and try again.");
        }
    }

    private async Task StopChecksAsync(Dataset dataset, AuditActor actor)
    {
        await using var context = database.CreateContext();
        var running = await context.Set<DatasetVersion>().Where(version => version.DatasetSeq == dataset.Seq && version.State == DatasetState.Checking && version.TaskId != null).Select(version => version.TaskId!).ToListAsync(CancellationToken.None);
        foreach (var id in running)
        {
            if (await taskReader.FindAsync(id, CancellationToken.None) is { } task && !task.Status.IsEnd())
            {
                await tasks.CancelAsync(task, actor, CancellationToken.None);
            }
        }
    }

    private void RemoveFiles(string id)
    {
        try
        {
            Directory.Delete(Path.Combine(paths.Datasets, id), recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What a check or a download still writes or reads goes with the next clean-up.
        }
    }

    private static string Shorten(string name, string end) => (name.Length + end.Length <= Dataset.LongestName ? name : name[..(Dataset.LongestName - end.Length)]) + end;

    private static AuditEntry Entry(AuditActor actor, string action, Dataset dataset) =>
        new() { Actor = actor, Action = action, ResourceType = DatasetAccess.Resource, ResourceId = dataset.Id, Details = new AuditDetails { Name = dataset.Name } };
}
