using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Models;

/// <summary>The only one that writes models: their rows, and what becomes of their files with them.</summary>
internal sealed class ModelRegistry(ModelWriter writer, ModelStore store, HostDatabase database, IEnumerable<IModelUse> uses, TimeProvider time)
{
    /// <summary>What the audit log calls a model that went.</summary>
    public const string Removed = "model_removed";

    /// <summary>
    /// Registers a model whose files are all there, such as what came out of a job. Asking again for the same name and job gives the same model.
    /// </summary>
    /// <param name="wanted">What it is; its folder is <paramref name="folder"/> where it is kept.</param>
    /// <param name="folder">Where its files are now.</param>
    /// <param name="placement">What becomes of that folder.</param>
    /// <param name="actor">Who is said to have done it.</param>
    /// <param name="cancellationToken">Stops before the model is ready, and leaves nothing of it.</param>
    /// <exception cref="FaultException">The files are no such model; every fault.</exception>
    /// <exception cref="HttpFaultException">The name is taken, or no name.</exception>
    public async Task<Model> RegisterAsync(NewModel wanted, string folder, ModelPlacement placement, AuditActor actor, CancellationToken cancellationToken)
    {
        if (await FindAsync(wanted.Name, cancellationToken) is { State: ModelState.Ready } known && known.JobId is not null && known.JobId == wanted.JobId && known.Kind == wanted.Kind)
        {
            return known;
        }

        var facts = ModelInspector.Inspect(folder, placement == ModelPlacement.Keep);
        RequireKind(wanted.Kind, facts);
        if (placement == ModelPlacement.Copy)
        {
            store.RequireSpace(ModelFiles.BytesIn(folder), wanted.Name);
        }

        var model = await AddAsync(wanted with { KeptFolder = placement == ModelPlacement.Keep ? Path.GetFullPath(folder) : null }, actor, null, cancellationToken);
        try
        {
            await PlaceAsync(model, folder, placement, null, cancellationToken);
            var (sha256, bytes) = await ModelFiles.HashAsync(store.FolderOf(model), null, cancellationToken);
            return await CompleteAsync(model.Id, facts, sha256, bytes, null, actor, cancellationToken);
        }
        catch
        {
            if (placement == ModelPlacement.Move && !Directory.Exists(folder) && Directory.Exists(store.FolderOf(model)))
            {
                Directory.Move(store.FolderOf(model), folder);
            }

            await FailAsync(model.Id, "It was stopped before it was whole.", actor, CancellationToken.None);
            throw;
        }
    }

    /// <summary>
    /// Adds a model whose files are still to come; one of that name that never became whole is replaced.
    /// </summary>
    /// <param name="wanted">What it is to be.</param>
    /// <param name="actor">Who adds it.</param>
    /// <param name="enqueue">Adds the task that brings the files, in the same transaction; returns its id.</param>
    /// <param name="cancellationToken">Stops before anything is added.</param>
    /// <exception cref="HttpFaultException">The name is taken, or no name.</exception>
    public Task<Model> AddAsync(NewModel wanted, AuditActor actor, Func<HostDbContext, Model, CancellationToken, Task<string>>? enqueue, CancellationToken cancellationToken)
    {
        ModelName.Require(wanted.Name, "name");
        return writer.ChangeAsync(async (context, token) =>
        {
            await MakeRoomAsync(context, wanted.Name, token);
            var model = new Model
            {
                Id = PublicId.New(),
                Name = wanted.Name,
                Kind = wanted.Kind,
                Origin = wanted.Origin,
                Path = wanted.KeptFolder ?? ModelStore.PathOf(wanted.Name),
                BaseId = wanted.BaseId,
                JobId = wanted.JobId,
                DatasetId = wanted.DatasetId,
                DatasetVersion = wanted.DatasetVersion,
                OwnerId = wanted.OwnerId,
                License = ModelLicense.Clean(wanted.License),
                Bytes = wanted.Bytes,
                CreatedAt = time.GetUtcNow(),
            };
            context.Add(model);
            await context.SaveChangesAsync(token);
            if (enqueue is not null)
            {
                model.TaskId = await enqueue(context, model, token);
            }

            return (model, ModelWriter.Entry(actor, "model_added", model));
        }, cancellationToken);
    }

    /// <summary>Brings files to where the model has them.</summary>
    public async Task PlaceAsync(Model model, string folder, ModelPlacement placement, Action<long>? copied, CancellationToken cancellationToken)
    {
        var target = store.FolderOf(model);
        switch (placement)
        {
            case ModelPlacement.Copy:
                store.DiscardIncoming(model.Name);
                var incoming = store.CreateIncoming(model.Name);
                try
                {
                    await ModelFiles.CopyAsync(folder, incoming, copied, cancellationToken);
                    store.Settle(incoming, target);
                }
                catch
                {
                    store.DiscardIncoming(model.Name);
                    throw;
                }

                break;
            case ModelPlacement.Move:
                store.Settle(folder, target);
                break;
            case ModelPlacement.Keep:
                break;
        }
    }

    /// <summary>Makes a model ready; its files are where they belong.</summary>
    public Task<Model> CompleteAsync(string id, ModelFacts facts, string sha256, long bytes, string? revision, AuditActor actor, CancellationToken cancellationToken) => writer.ChangeAsync(async (context, token) =>
    {
        var model = await context.Set<Model>().SingleOrDefaultAsync(found => found.Id == id, token) ?? throw Gone(id);
        RequireKind(model.Kind, facts);
        (model.State, model.Error) = (ModelState.Ready, null);
        (model.Parameters, model.Bytes, model.Sha256) = (facts.Parameters, bytes, sha256);
        (model.Architecture, model.ContextLength) = (facts.Architecture, facts.ContextLength);
        (model.HasChatTemplate, model.License, model.Revision) = (facts.HasChatTemplate, facts.License ?? model.License, revision);
        if (model.BaseId is { } baseId && await context.Set<Model>().AsNoTracking().SingleOrDefaultAsync(found => found.Id == baseId, token) is { } origin)
        {
            (model.Architecture, model.ContextLength, model.License) = (model.Architecture ?? origin.Architecture, model.ContextLength ?? origin.ContextLength, model.License ?? origin.License);
            model.HasChatTemplate = model.HasChatTemplate || origin.HasChatTemplate;
        }

        model.Version++;
        return (model, ModelWriter.Entry(actor, "model_completed", model));
    }, cancellationToken);

    /// <summary>Says that a model did not become whole; it can be added again.</summary>
    public Task FailAsync(string id, string error, AuditActor actor, CancellationToken cancellationToken) => writer.ChangeAsync(async (context, token) =>
    {
        var model = await context.Set<Model>().SingleOrDefaultAsync(found => found.Id == id, token) ?? throw Gone(id);
        (model.State, model.Error) = (ModelState.Failed, error.Length <= Model.LongestText ? error : error[..Model.LongestText]);
        model.Version++;
        return (true, ModelWriter.Entry(actor, "model_added", model, "not_completed"));
    }, cancellationToken);

    /// <summary>Removes a model, and its files where they are the host's.</summary>
    /// <exception cref="HttpFaultException">409: something needs it.</exception>
    public async Task RemoveAsync(string id, AuditActor actor, CancellationToken cancellationToken)
    {
        foreach (var use in uses)
        {
            if (await use.FindAsync(id, cancellationToken) is { } what)
            {
                throw HttpFaultException.Conflict("model_in_use", $"The model cannot be removed: {what}.", "End or delete what needs it first.");
            }
        }

        Condemned? condemned = null;
        try
        {
            await writer.ChangeAsync(async (context, token) =>
            {
                var model = await context.Set<Model>().SingleOrDefaultAsync(found => found.Id == id, token) ?? throw Gone(id);
                await RequireRemovableAsync(context, model, token);
                context.Remove(model);
                await context.SaveChangesAsync(token);
                condemned = store.Condemn(model);
                store.DiscardIncoming(model.Name);
                return (true, ModelWriter.Entry(actor, Removed, model));
            }, cancellationToken);
        }
        catch
        {
            condemned?.PutBack();
            throw;
        }

        condemned?.Remove();
    }

    /// <summary>Any model, whoever asks.</summary>
    public async Task<Model?> FindAsync(string idOrName, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await context.Set<Model>().AsNoTracking().SingleOrDefaultAsync(model => model.Id == idOrName || model.Name == idOrName, cancellationToken);
    }

    /// <exception cref="FaultException">The files are of the other kind.</exception>
    public static void RequireKind(ModelKind kind, ModelFacts facts)
    {
        if (facts.IsAdapter != (kind == ModelKind.Adapter))
        {
            throw FaultException.Invalid(
                facts.IsAdapter ? "is_an_adapter" : "not_an_adapter",
                facts.IsAdapter ? "The folder holds an adapter and no whole model." : "The folder holds a whole model and no adapter.",
                facts.IsAdapter ? "Say which base model it belongs to." : "Leave the base out.",
                "base");
        }
    }

    private async Task MakeRoomAsync(HostDbContext context, string name, CancellationToken cancellationToken)
    {
#pragma warning disable CA1304, CA1311, CA1862 // Translated to the database's own lower(): a folder of the name would be the same one on some systems.
        var lower = name.ToLowerInvariant();
        var known = await context.Set<Model>().SingleOrDefaultAsync(model => model.Name.ToLower() == lower, cancellationToken);
#pragma warning restore CA1304, CA1311, CA1862
        if (known is null)
        {
            if (Directory.Exists(Path.GetFullPath(ModelStore.PathOf(name), store.Home)))
            {
                throw HttpFaultException.Conflict("folder_exists", $"There is a folder 'models/{name}' in the home already, which is no model of the registry.", "Move it away, or choose another name.");
            }

            return;
        }

        if (known.State == ModelState.Ready)
        {
            throw HttpFaultException.Conflict("model_exists", $"There is a model '{known.Name}' already.", "Use it, remove it, or choose another name.");
        }

        if (known.State == ModelState.Preparing && await IsBusyAsync(context, known, cancellationToken))
        {
            throw HttpFaultException.Conflict("model_preparing", $"The model '{known.Name}' is being prepared already.", $"Follow the task '{known.TaskId}', or cancel it.");
        }

        context.Remove(known);
        await context.SaveChangesAsync(cancellationToken);
        store.Condemn(known).Remove();
    }

    private static async Task RequireRemovableAsync(HostDbContext context, Model model, CancellationToken cancellationToken)
    {
        if (model.Origin == ModelOrigin.Shipped)
        {
            throw HttpFaultException.Conflict("model_shipped", $"The model '{model.Name}' came with the program and stays with it.", "Leave it; it takes next to no room.");
        }

        if (model.State == ModelState.Preparing && await IsBusyAsync(context, model, cancellationToken))
        {
            throw HttpFaultException.Conflict("model_preparing", $"The model '{model.Name}' is being prepared.", $"Cancel the task '{model.TaskId}' first.");
        }

        var derived = await context.Set<Model>().AsNoTracking().Where(found => found.BaseId == model.Id).OrderBy(found => found.Seq).Select(found => found.Name).FirstOrDefaultAsync(cancellationToken);
        if (derived is not null)
        {
            throw HttpFaultException.Conflict("model_in_use", $"The model '{model.Name}' cannot be removed: '{derived}' was made from it and needs it.", "Remove what was made from it first.");
        }
    }

    private static async Task<bool> IsBusyAsync(HostDbContext context, Model model, CancellationToken cancellationToken) =>
        model.TaskId is { } id && await context.Set<TaskRow>().AnyAsync(task => task.Id == id && (task.Status == TaskState.Pending || task.Status == TaskState.Running), cancellationToken);

    private static HttpFaultException Gone(string id) => HttpFaultException.Conflict("model_removed", $"The model '{id}' was removed.", "Add it again.");
}
