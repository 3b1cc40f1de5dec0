using System.Text.RegularExpressions;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs.Stored;
using Beep.Host.Models;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Artifacts;

/// <summary>What came out of jobs: seen, merged, and made models of.</summary>
internal sealed partial class ArtifactService(
    HostPaths paths, FineTuneDatabase database, FineTuneWriter writer, ArtifactStore store, ArtifactRecords records, TaskQueue queue, TimeProvider time)
{
    public const string Adapter = "adapter";
    public const string Merged = "merged";

    /// <summary>The artifacts of a job, with the hashes that are known.</summary>
    public async Task<IReadOnlyList<ArtifactContents>> ListAsync(Job job, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var rows = await context.Set<Artifact>().AsNoTracking().Where(artifact => artifact.JobSeq == job.Seq).ToDictionaryAsync(artifact => artifact.Name, StringComparer.Ordinal, cancellationToken);
        return [.. store.List(job.Id).Select(artifact => View(job.Id, artifact, rows.GetValueOrDefault(artifact.Name)))];
    }

    /// <summary>One of them.</summary>
    /// <exception cref="HttpFaultException">404: there is none of that name.</exception>
    public ArtifactOnDisk Require(Job job, string name) =>
        store.Find(job.Id, name) ?? throw HttpFaultException.NotFound("artifact_not_found", "The job has no such artifact.", "Look it up in the list of its artifacts.");

    public async Task<ArtifactContents> GetAsync(Job job, string name, CancellationToken cancellationToken)
    {
        Require(job, name);
        return (await ListAsync(job, cancellationToken)).First(artifact => artifact.Name == name);
    }

    /// <summary>Has the adapter of a job added into its base, as a task.</summary>
    /// <exception cref="HttpFaultException">There is no adapter, no base, no room, or it is done or being done.</exception>
    public async Task<TaskView> MergeAsync(Job job, AuditActor actor, string? correlationId, CancellationToken cancellationToken)
    {
        MergePreflight.Require(paths, store, job.Id);
        var task = await writer.ChangeAsync(async (change, token) =>
        {
            var running = await change.Host.Set<TaskRow>().AsNoTracking()
                .Where(row => row.Kind == MergeHandler.KindName && (row.Status == TaskState.Pending || row.Status == TaskState.Running)).Select(row => row.Input).ToListAsync(token);
            if (running.Any(input => input?.Contains(job.Id, StringComparison.Ordinal) == true))
            {
                throw HttpFaultException.Conflict("export_running", $"The job '{job.Id}' is being merged.", "Wait for the task.");
            }

            var wanted = new NewTask(MergeHandler.KindName, $"Merge {job.Name}") { OwnerId = job.OwnerId, Input = MergeHandler.InputFor(job.Id), CorrelationId = correlationId };
            return (await queue.EnqueueAsync(change.Host, wanted, actor, token), Entry(actor, "job_export_requested", job, Merged, correlationId));
        }, cancellationToken);
        queue.Wake();
        return task;
    }

    /// <summary>Makes a model of an artifact, which others can start from; its files stay where they are.</summary>
    /// <exception cref="HttpFaultException">It is none, is one already, or the name is taken or not one.</exception>
    public async Task<Model> RegisterAsync(Job job, string name, string? modelName, AuditActor actor, string? correlationId, CancellationToken cancellationToken)
    {
        var artifact = Require(job, name);
        var kind = KindOf(artifact);
        modelName ??= DefaultName(job, kind);
        if (modelName.Length > Model.LongestName || !ModelName().IsMatch(modelName) || modelName.Contains("..", StringComparison.Ordinal))
        {
            throw HttpFaultException.Invalid("bad_name", $"'{modelName}' is no name of a model.", "Give publisher/name, each of letters, digits, '.', '-' and '_', beginning with a letter or a digit.", "name");
        }

        var hash = await records.RecordAsync(job, artifact, cancellationToken);
        var lineage = await records.LineageAsync(job, cancellationToken);
        return await writer.ChangeAsync(async (change, token) =>
        {
            var row = await change.FineTune.Set<Artifact>().SingleAsync(found => found.JobSeq == job.Seq && found.Name == artifact.Name, token);
            if (row.ModelId is { } registered && await change.Host.Set<Model>().AnyAsync(model => model.Id == registered, token))
            {
                throw HttpFaultException.Conflict("already_registered", $"The artifact '{name}' is the model '{registered}'.", "Use that model.");
            }

            if (await change.Host.Set<Model>().AnyAsync(model => model.Name == modelName, token))
            {
                throw HttpFaultException.Conflict("name_taken", $"There is a model '{modelName}'.", "Choose another name.");
            }

            var model = new Model
            {
                Id = PublicId.New(),
                Name = modelName,
                Kind = kind,
                Origin = ModelOrigin.Trained,
                State = ModelState.Ready,
                Path = Path.GetRelativePath(paths.Home, artifact.Path).Replace('\\', '/'),
                Architecture = lineage.Base?.Architecture,
                Parameters = kind == ModelKind.Adapter ? null : lineage.Base?.Parameters,
                Bytes = artifact.Bytes,
                Sha256 = hash,
                ContextLength = lineage.Base?.ContextLength,
                HasChatTemplate = lineage.Base?.HasChatTemplate ?? false,
                License = lineage.Base?.License,
                BaseId = job.ModelId,
                JobId = job.Id,
                DatasetId = lineage.DatasetId,
                DatasetVersion = lineage.DatasetVersion,
                OwnerId = job.OwnerId,
                CreatedAt = time.GetUtcNow(),
            };
            change.Host.Add(model);
            row.ModelId = model.Id;
            return (model, Entry(actor, "artifact_registered", job, modelName, correlationId));
        }, cancellationToken);
    }

    private ArtifactContents View(string jobId, ArtifactOnDisk artifact, Artifact? row) => new(
        artifact.Name, artifact.IsFolder, artifact.Bytes, row?.Sha256, [.. artifact.Files.Select(file => new ArtifactFileView(file.Name, file.Info.Length, store.KnownHash(jobId, file)))],
        row?.ModelId, row?.CreatedAt ?? new DateTimeOffset(Directory.GetLastWriteTimeUtc(artifact.Path)));

    private static ModelKind KindOf(ArtifactOnDisk artifact) =>
        artifact.Files.Any(file => file.Name == "adapter_config.json") ? ModelKind.Adapter
        : artifact.Files.Any(file => file.Name == "config.json") ? ModelKind.Merged
        : throw HttpFaultException.Invalid("not_a_model", $"The artifact '{artifact.Name}' is neither an adapter nor a model.", "Register the adapter or the merged model.", "name");

    private static string DefaultName(Job job, ModelKind kind)
    {
        var slug = NoName().Replace(job.Suffix ?? job.Name, "-").Trim('-', '.', '_');
        return $"trained/{(slug.Length == 0 ? "run" : slug.Length > 80 ? slug[..80] : slug)}-{job.Id[..8]}{(kind == ModelKind.Merged ? "-merged" : "")}".ToLowerInvariant();
    }

    private static AuditEntry Entry(AuditActor actor, string action, Job job, string to, string? correlationId) => new()
    {
        Actor = actor,
        Action = action,
        ResourceType = JobAccess.Resource,
        ResourceId = job.Id,
        CorrelationId = correlationId,
        Details = new AuditDetails { Name = job.Name, To = to },
    };

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*\z")]
    private static partial Regex ModelName();

    [GeneratedRegex("[^A-Za-z0-9._-]+")]
    private static partial Regex NoName();
}
