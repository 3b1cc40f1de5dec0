using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Models.Hub;
using Beep.Host.Tasks;
using Beep.LanguageModels.Configuration;

namespace Beep.Host.Models.Adding;

/// <summary>Who wants a model added.</summary>
/// <param name="Principal">The caller.</param>
/// <param name="Actor">As the audit log names them.</param>
/// <param name="CorrelationId">The request.</param>
internal sealed record ModelCaller(ClaimsPrincipal Principal, AuditActor Actor, string? CorrelationId);

/// <summary>Adds models from folders and from the hub: what can be seen at once is refused at once, the rest is a task.</summary>
internal sealed class ModelAdder(ModelRegistry registry, ModelReader reader, ModelStore store, ImportFolders folders, HubClient hub, HubAddress address, TaskQueue queue)
{
    /// <summary>What a repository is and whether it could be used, before anything of it is downloaded.</summary>
    public async Task<HubModelView> PreviewAsync(string repository, string? revision, CancellationToken cancellationToken)
    {
        var found = await AskAsync(() => hub.ReadAsync(repository, revision, cancellationToken));
        var problem = ProblemOf(found, out var plan);
        return new HubModelView
        {
            Repository = found.Name,
            Commit = found.Commit,
            Kind = found.IsAdapter ? ModelKind.Adapter : ModelKind.Base,
            License = found.License,
            LicenseLink = found.LicenseLink,
            IsGated = found.IsGated,
            Page = address.PageOf(found.Name),
            Architecture = found.Architecture,
            Parameters = found.Parameters,
            BaseModel = found.IsAdapter ? found.BaseModel : null,
            Bytes = plan?.Bytes ?? 0,
            Files = [.. (plan?.Files ?? []).Select(file => new HubFileView(file.Name, file.Bytes))],
            Problem = problem is null ? null : new ModelProblem(problem.Faults[0].Code, problem.Faults[0].Message, problem.Faults[0].Remedy),
            ModelId = (await registry.FindAsync(found.Name, cancellationToken))?.Id,
        };
    }

    /// <summary>Adds a model that a task then downloads.</summary>
    public async Task<Model> DownloadAsync(DownloadRequest request, ModelCaller caller, CancellationToken cancellationToken)
    {
        var (wanted, plan) = await PlanDownloadAsync(request, caller.Principal, cancellationToken);
        var model = await registry.AddAsync(
            wanted with { OwnerId = caller.Principal.FindUserId() },
            caller.Actor,
            Enqueue(DownloadModel.KindName, $"Download {wanted.Name}", id => new DownloadInput(id, plan), caller),
            cancellationToken);
        queue.Wake();
        return model;
    }

    /// <summary>Adds a model that a task then copies and checks.</summary>
    public async Task<Model> ImportAsync(ImportRequest request, ModelCaller caller, CancellationToken cancellationToken)
    {
        ModelName.Require(request.Name, "name");
        if (request.InPlace && !caller.Principal.Holds(Permissions.SystemAdmin))
        {
            throw HttpFaultException.Forbidden("forbidden", $"Using files where they are needs the permission {Permissions.SystemAdmin}.", "Leave in_place out for a copy.");
        }

        var folder = folders.Require(request.Folder);
        var (wanted, placement) = await PlanImportAsync(request, folder, caller.Principal, cancellationToken);
        var model = await registry.AddAsync(
            wanted with { OwnerId = caller.Principal.FindUserId() },
            caller.Actor,
            Enqueue(ImportModel.KindName, $"Import {wanted.Name}", id => new ImportInput(id, folder, placement), caller),
            cancellationToken);
        queue.Wake();
        return model;
    }

    /// <summary>What a download would bring, refused where that can be seen.</summary>
    public async Task<(NewModel Wanted, HubPlan Plan)> PlanDownloadAsync(DownloadRequest request, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var name = ModelName.Require(request.Name ?? request.Repository, request.Name is null ? "repository" : "name");
        var found = await AskAsync(() => hub.ReadAsync(request.Repository, request.Revision, cancellationToken));
        if (ProblemOf(found, out var plan) is { } problem)
        {
            throw problem;
        }

        Model? origin = null;
        if (found.IsAdapter)
        {
            origin = await BaseAsync(request.Base, request.Base is null ? await AdapterBaseAsync(found, cancellationToken) : null, caller, cancellationToken);
        }

        await AskAsync(() =>
        {
            store.RequireSpace(plan!.Bytes, name);
            return Task.FromResult(true);
        });
        var wanted = new NewModel
        {
            Name = name,
            Kind = found.IsAdapter ? ModelKind.Adapter : ModelKind.Base,
            Origin = ModelOrigin.Downloaded,
            BaseId = origin?.Id,
            License = found.License,
            Bytes = plan!.Bytes,
        };
        return (wanted, plan);
    }

    /// <summary>What an import would add, refused where that can be seen.</summary>
    public async Task<(NewModel Wanted, ModelPlacement Placement)> PlanImportAsync(ImportRequest request, string folder, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        ModelName.Require(request.Name, "name");
        var facts = ModelInspector.Inspect(folder, request.InPlace);
        if (!facts.IsAdapter && request.Base is not null)
        {
            ModelRegistry.RequireKind(ModelKind.Adapter, facts);
        }

        var origin = facts.IsAdapter ? await BaseAsync(request.Base, facts.BaseName, caller, cancellationToken) : null;
        var placement = request.InPlace ? ModelPlacement.Keep : ModelPlacement.Copy;
        var wanted = new NewModel
        {
            Name = request.Name,
            Kind = facts.IsAdapter ? ModelKind.Adapter : ModelKind.Base,
            Origin = ModelOrigin.Imported,
            BaseId = origin?.Id,
            KeptFolder = request.InPlace ? folder : null,
            License = facts.License,
            Bytes = ModelFiles.BytesIn(folder),
        };
        return (wanted, placement);
    }

    private Func<Data.HostDbContext, Model, CancellationToken, Task<string>> Enqueue(string kind, string name, Func<string, object> input, ModelCaller caller) => async (context, model, token) =>
    {
        var task = new NewTask(kind, name)
        {
            OwnerId = caller.Principal.FindUserId(),
            CorrelationId = caller.CorrelationId,
            Input = JsonSerializer.SerializeToNode(input(model.Id), TaskJson.Options)!.AsObject(),
        };
        return (await queue.EnqueueAsync(context, task, caller.Actor, token)).Id;
    };

    private async Task<Model> BaseAsync(string? wanted, string? said, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var found = wanted is not null ? (await reader.RequireReadyAsync(wanted, caller, cancellationToken)).Row
            : said is not null && await reader.FindAsync(said, caller, cancellationToken) is { State: ModelState.Ready } known ? known
            : throw HttpFaultException.Invalid(
                "base_unknown",
                said is null ? "The adapter does not say which model it belongs to." : $"The adapter belongs to '{said}', which is no model here.",
                "Add its base model first, or name the one that it belongs to as base.",
                "base");
        return found.Kind == ModelKind.Adapter
            ? throw HttpFaultException.Invalid("base_is_adapter", $"'{found.Name}' is an adapter itself.", "Name the base model that the adapter belongs to.", "base")
            : found;
    }

    private async Task<string?> AdapterBaseAsync(HubRepository found, CancellationToken cancellationToken)
    {
        var content = await AskAsync(() => hub.ReadFileAsync(found.Name, found.Commit, ModelFiles.AdapterConfig, cancellationToken));
        try
        {
            return JsonNode.Parse(content)?["base_model_name_or_path"]?.GetValue<string>() ?? found.BaseModel;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            return found.BaseModel;
        }
    }

    private static HttpFaultException? ProblemOf(HubRepository found, out HubPlan? plan)
    {
        plan = null;
        try
        {
            plan = HubFiles.Choose(found);
        }
        catch (HttpFaultException fault)
        {
            return fault;
        }

        return found is { IsAdapter: false, Architecture: { } type } && !ModelConfigReader.KnownTypes.Contains(type)
            ? HttpFaultException.Invalid("unknown_model_type", $"'{found.Name}' is of type '{type}', which is not known here.", $"Known types: {string.Join(", ", ModelConfigReader.KnownTypes)}.", "repository")
            : null;
    }

    /// <summary>What the hub or the disk refuses, as an answer.</summary>
    private static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (FaultException fault)
        {
            throw HubFaults.ToHttp(fault);
        }
    }
}
