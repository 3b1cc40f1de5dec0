using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Artifacts;
using Beep.Host.Jobs.Lifecycle;
using Beep.Host.Jobs.Stored;
using Beep.Host.Models;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.OpenAi.Catalogue;

/// <summary>Models by the names that OpenAI's clients use: those of the registry, and <c>ft:</c> names for what jobs have trained.</summary>
internal sealed class TunedModels(
    ModelReader reader, ModelRegistry registry, ModelRemover remover, JobAccess access, JobService jobs, ArtifactService artifacts, ArtifactStore store, FineTuneDatabase database, PrivilegeService privileges)
{
    private const int MostModels = 1000;
    private const string Shipped = "beep";

    /// <summary>Base models and what the caller's jobs have trained, newest first.</summary>
    public async Task<ModelListView> ListAsync(ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        List<OpenAiModelView> models = [];
        string? next = null;
        do
        {
            var page = await reader.ListAsync(new ModelFilter { IsReady = true }, new PageRequest(next, PageRequest.MaxSize), caller, cancellationToken);
            models.AddRange(page.Items.Where(model => model.Kind != ModelKind.Adapter).Select(model => new OpenAiModelView(model.Name, model.CreatedAt.ToUnixTimeSeconds(), model.Name.Split('/')[0])));
            next = page.Next;
        }
        while (next is not null && models.Count < MostModels);
        if (caller.Holds(Permissions.FinetuneRead))
        {
            models.AddRange((await TrainedAsync(caller, cancellationToken)).Where(job => ResultOf(job) is not null).Select(View));
        }

        return new ModelListView([.. models.OrderByDescending(model => model.Created)]);
    }

    /// <exception cref="HttpFaultException">404.</exception>
    public async Task<OpenAiModelView> GetAsync(string name, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        if (OpenAiIds.IsTuned(name))
        {
            return View(await RequireJobAsync(name, caller, AccessLevel.Read, cancellationToken));
        }

        return await FindAsync(name, caller, cancellationToken) is { State: ModelState.Ready } model
            ? new OpenAiModelView(model.Name, model.CreatedAt.ToUnixTimeSeconds(), model.Origin == ModelOrigin.Shipped ? Shipped : model.Name.Split('/')[0])
            : throw OpenAiRequests.NoModel(name);
    }

    /// <summary>A model to train from. What a job has trained becomes one of the registry by that.</summary>
    /// <exception cref="HttpFaultException">404.</exception>
    public async Task<Model> RequireAsync(string name, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        if (!OpenAiIds.IsTuned(name))
        {
            return await FindAsync(name, caller, cancellationToken) is { State: ModelState.Ready } model ? model : throw OpenAiRequests.NoModel(name);
        }

        var job = await RequireJobAsync(name, caller, AccessLevel.Write, cancellationToken);
        var result = ResultOf(job)!;
        return await RegisteredAsync(job, result, cancellationToken) ?? await artifacts.RegisterAsync(job, result, null, actor, null, cancellationToken);
    }

    /// <summary>Removes what a job has trained, or a model of the registry.</summary>
    public async Task DeleteAsync(string name, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        if (!OpenAiIds.IsTuned(name))
        {
            var found = await FindAsync(name, caller, cancellationToken) ?? throw OpenAiRequests.NoModel(name);
            await remover.RemoveAsync(found.Id, caller, actor, cancellationToken);
            return;
        }

        var job = await RequireJobAsync(name, caller, AccessLevel.Admin, cancellationToken);
        var result = ResultOf(job)!;
        if (await RegisteredAsync(job, result, cancellationToken) is { } model)
        {
            await remover.RemoveAsync(model.Id, caller, actor, cancellationToken);
        }

        await jobs.RemoveFilesAsync(job.Id, result, () => Remove(job, result), cancellationToken);
    }

    private async Task<Model?> FindAsync(string name, ClaimsPrincipal caller, CancellationToken cancellationToken) => await reader.FindAsync(name, caller, cancellationToken);

    private async Task<Job> RequireJobAsync(string name, ClaimsPrincipal caller, AccessLevel level, CancellationToken cancellationToken) =>
        OpenAiIds.ReadTuned(name) is { Step: null } tuned && await access.FindAsync(tuned.JobId, caller, level, cancellationToken) is { DeletedAt: null, State: JobState.Succeeded } job
        && OpenAiIds.Tuned(job.ModelName, job.Suffix, job.Id) == name && ResultOf(job) is not null
            ? job
            : throw OpenAiRequests.NoModel(name);

    private async Task<List<Job>> TrainedAsync(ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var user = caller.RequireUserId();
        var shared = await privileges.ListIdsAsync(user, JobAccess.Resource, AccessLevel.Read, cancellationToken);
        await using var context = database.CreateContext();
        return await context.Set<Job>().AsNoTracking().Where(job => job.DeletedAt == null && job.State == JobState.Succeeded && (job.OwnerId == user || shared.Contains(job.Id)))
            .OrderByDescending(job => job.Seq).Take(MostModels).ToListAsync(cancellationToken);
    }

    private async Task<Model?> RegisteredAsync(Job job, string artifact, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var id = await context.Set<Artifact>().Where(found => found.JobSeq == job.Seq && found.Name == artifact).Select(found => found.ModelId).SingleOrDefaultAsync(cancellationToken);
        return id is null ? null : await registry.FindAsync(id, cancellationToken);
    }

    /// <summary>The name of what came out and is still there; null for nothing.</summary>
    private string? ResultOf(Job job) => new[] { ArtifactService.Adapter, ArtifactService.Merged }.FirstOrDefault(name => store.Find(job.Id, name) is not null);

    private bool Remove(Job job, string artifact)
    {
        if (store.Find(job.Id, artifact) is not { IsFolder: true } found)
        {
            return false;
        }

        Directory.Delete(found.Path, recursive: true);
        return true;
    }

    private static OpenAiModelView View(Job job) => new(OpenAiIds.Tuned(job.ModelName, job.Suffix, job.Id), (job.FinishedAt ?? job.CreatedAt).ToUnixTimeSeconds(), OpenAiIds.Organisation);
}
