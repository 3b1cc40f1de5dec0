using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Models;

/// <summary>Which models are meant.</summary>
internal sealed record ModelFilter
{
    /// <summary>Part of the name, in any case.</summary>
    public string? Search { get; init; }

    public ModelKind? Kind { get; init; }

    /// <summary>Only those that can be used.</summary>
    public bool IsReady { get; init; }
}

/// <summary>A model that can be used, and where its files are.</summary>
internal sealed record ReadyModel(Model Row, string Folder);

/// <summary>
/// Reads models for a caller: base models are everybody's who may see models; what was trained here is its owner's, theirs whom a
/// privilege was given, and of those who administer the system.
/// </summary>
internal sealed class ModelReader(HostDatabase database, PrivilegeService privileges, HostPaths paths)
{
    /// <summary>What privileges and the audit log call a model.</summary>
    public const string Resource = "model";

    private const int MostDerived = 100;

    public async Task<Page<ModelView>> ListAsync(ModelFilter filter, PageRequest page, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var models = await VisibleAsync(context, caller, cancellationToken);
        if (filter.Search?.Trim() is { Length: > 0 } search)
        {
            var part = search.ToLowerInvariant();
#pragma warning disable CA1304, CA1311, CA1862 // Translated to the database's own lower().
            models = models.Where(model => model.Name.ToLower().Contains(part));
#pragma warning restore CA1304, CA1311, CA1862
        }

        models = filter.Kind is { } kind ? models.Where(model => model.Kind == kind) : models;
        models = filter.IsReady ? models.Where(model => model.State == ModelState.Ready) : models;
        var before = page.After;
        var rows = await models.Where(model => before == null || model.Seq < before).OrderByDescending(model => model.Seq).Take(page.Size + 1).ToListAsync(cancellationToken);
        var cut = page.Cut(rows, row => row.Seq);
        var tasks = await TasksOfAsync(context, cut.Items, cancellationToken);
        return new Page<ModelView>([.. cut.Items.Select(row => View(row, tasks))], cut.Next);
    }

    /// <summary>A model with what it was made from and what was made from it.</summary>
    /// <exception cref="HttpFaultException">404: there is none for this caller. 409: it was removed.</exception>
    public async Task<ModelDetail> GetAsync(string id, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var row = await RequireAsync(id, caller, cancellationToken);
        await using var context = database.CreateContext();
        var visible = await VisibleAsync(context, caller, cancellationToken);
        var origin = row.BaseId is { } from ? await visible.SingleOrDefaultAsync(model => model.Id == from, cancellationToken) : null;
        var derived = await visible.Where(model => model.BaseId == row.Id).OrderByDescending(model => model.Seq).Take(MostDerived).ToListAsync(cancellationToken);
        var tasks = await TasksOfAsync(context, [row, .. derived], cancellationToken);
        return new ModelDetail(View(row, tasks), origin is null ? null : ModelLink.Of(origin), [.. derived.Select(ModelLink.Of)]);
    }

    /// <summary>A model that the caller may see, by its id or its name; null when there is none or it is somebody else's.</summary>
    public async Task<Model?> FindAsync(string idOrName, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var models = await VisibleAsync(context, caller, cancellationToken);
        return PublicId.IsOne(idOrName) ? await models.SingleOrDefaultAsync(model => model.Id == idOrName, cancellationToken)
            : ModelName.IsOne(idOrName) ? await models.SingleOrDefaultAsync(model => model.Name == idOrName, cancellationToken)
            : null;
    }

    /// <exception cref="HttpFaultException">404: there is none for this caller. 409: it was removed. 422: the text is neither an id nor a name.</exception>
    public async Task<Model> RequireAsync(string idOrName, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        if (!PublicId.IsOne(idOrName))
        {
            ModelName.Require(idOrName, "model");
        }

        if (await FindAsync(idOrName, caller, cancellationToken) is { } model)
        {
            return model;
        }

        await using var context = database.CreateContext();
        var isRemoved = await context.Set<AuditRow>().AnyAsync(row => row.ResourceType == Resource && row.ResourceId == idOrName && row.Action == ModelRegistry.Removed, cancellationToken);
        throw isRemoved
            ? HttpFaultException.Conflict("model_removed", $"The model '{idOrName}' was removed.", "Choose another one, or add it again.")
            : HttpFaultException.NotFound("model_not_found", "There is no such model, or it is somebody else's.", "Look it up in the list of models.");
    }

    /// <summary>A model that a job can use now, by its id or its name, with the folder of its files.</summary>
    /// <exception cref="HttpFaultException">As <see cref="RequireAsync"/>; 409 also while it is not ready.</exception>
    public async Task<ReadyModel> RequireReadyAsync(string idOrName, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var model = await RequireAsync(idOrName, caller, cancellationToken);
        if (model.State != ModelState.Ready)
        {
            throw HttpFaultException.Conflict("model_not_ready", $"The model '{model.Name}' is {(model.State == ModelState.Preparing ? "still being prepared" : "not whole")}.", "Wait until it is ready, or add it again.");
        }

        var folder = FolderOf(model);
        return Directory.Exists(folder)
            ? new ReadyModel(model, folder)
            : throw HttpFaultException.Conflict("model_files_missing", $"The files of the model '{model.Name}' are gone.", "Put its folder back, or remove the model and add it again.");
    }

    /// <summary>Where a model's files are, or will be.</summary>
    public string FolderOf(Model model) => Path.GetFullPath(model.Path, paths.Home);

    private async Task<IQueryable<Model>> VisibleAsync(HostDbContext context, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var models = context.Set<Model>().AsNoTracking();
        if (caller.Holds(Permissions.SystemAdmin))
        {
            return models;
        }

        var user = caller.FindUserId() ?? 0;
        var shared = user == 0 ? [] : await privileges.ListIdsAsync(user, Resource, AccessLevel.Read, cancellationToken);
        return models.Where(model => model.Origin != ModelOrigin.Trained || model.OwnerId == user || shared.Contains(model.Id));
    }

    private static async Task<Dictionary<string, TaskRow>> TasksOfAsync(HostDbContext context, IEnumerable<Model> models, CancellationToken cancellationToken)
    {
        var ids = models.Where(model => model.State == ModelState.Preparing && model.TaskId is not null).Select(model => model.TaskId!).ToList();
        return ids.Count == 0 ? [] : await context.Set<TaskRow>().AsNoTracking().Where(task => ids.Contains(task.Id)).ToDictionaryAsync(task => task.Id, cancellationToken);
    }

    private static ModelView View(Model row, Dictionary<string, TaskRow> tasks) => ModelView.Of(row, row.TaskId is { } id ? tasks.GetValueOrDefault(id) : null);
}
