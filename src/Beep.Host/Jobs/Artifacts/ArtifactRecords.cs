using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Jobs.Stored;
using Beep.Host.Models;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Artifacts;

/// <summary>What is stored about artifacts, and where they came from.</summary>
internal sealed class ArtifactRecords(HostDatabase host, FineTuneDatabase database, ArtifactStore store, TimeProvider time)
{
    /// <summary>Notes an artifact that is new or has changed, with its hash.</summary>
    public async Task<string> RecordAsync(Job job, ArtifactOnDisk artifact, CancellationToken cancellationToken)
    {
        var hash = await store.HashAsync(job.Id, artifact, cancellationToken);
        await using var context = database.CreateContext();
        var row = await context.Set<Artifact>().SingleOrDefaultAsync(found => found.JobSeq == job.Seq && found.Name == artifact.Name, cancellationToken);
        if (row is null)
        {
            context.Add(new Artifact { JobSeq = job.Seq, Name = artifact.Name, Bytes = artifact.Bytes, Sha256 = hash, CreatedAt = time.GetUtcNow() });
        }
        else
        {
            (row.Bytes, row.Sha256, row.RemovedAt) = (artifact.Bytes, hash, null);
        }

        await context.SaveChangesAsync(cancellationToken);
        return hash;
    }

    /// <summary>What a job was made from, as far as it is still known.</summary>
    public async Task<RunLineage> LineageAsync(Job job, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var data = await (from version in context.Set<DatasetVersion>()
                          join dataset in context.Set<Dataset>() on version.DatasetSeq equals dataset.Seq
                          where version.Seq == job.DatasetVersionSeq
                          select new { dataset.Id, dataset.Name, version.Number, version.Sha256 }).AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        await using var models = host.CreateContext();
        var model = await models.Set<Model>().AsNoTracking().SingleOrDefaultAsync(found => found.Id == job.ModelId, cancellationToken);
        return new RunLineage(model, data?.Id, data?.Name, data?.Number, data?.Sha256);
    }
}

/// <summary>What a job was made from.</summary>
internal sealed record RunLineage(Model? Base, string? DatasetId, string? DatasetName, int? DatasetVersion, string? DatasetSha256);
