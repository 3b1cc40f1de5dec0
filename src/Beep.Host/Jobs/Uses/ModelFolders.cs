using System.Security.Claims;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Identity.Privileges;
using Beep.Host.Models;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Uses;

/// <summary>Says where the tokenizer of a model lies: in its own folder, or for an adapter in that of its base.</summary>
internal sealed class ModelFolders(HostDatabase database, PrivilegeService privileges, HostPaths paths) : IModelFolders
{
    private const string Resource = "model";

    public async Task<string?> FindAsync(string modelId, ClaimsPrincipal? caller, CancellationToken cancellationToken)
    {
        if (!PublicId.IsOne(modelId))
        {
            return null;
        }

        await using var context = database.CreateContext();
        var model = await context.Set<Model>().AsNoTracking().SingleOrDefaultAsync(found => found.Id == modelId && found.State == ModelState.Ready, cancellationToken);
        if (model is null || (caller is not null && !await MaySeeAsync(model, caller, cancellationToken)))
        {
            return null;
        }

        if (model.Kind == ModelKind.Adapter)
        {
            return model.BaseId is { } baseId && baseId != modelId ? await FindAsync(baseId, caller: null, cancellationToken) : null;
        }

        return Path.GetFullPath(model.Path, paths.Home);
    }

    /// <summary>Base models are everybody's; what was trained is its owner's.</summary>
    private async Task<bool> MaySeeAsync(Model model, ClaimsPrincipal caller, CancellationToken cancellationToken) =>
        model.Kind == ModelKind.Base || (model.OwnerId is { } owner && owner == caller.FindUserId()) || await privileges.AllowsAsync(caller, Resource, model.Id, AccessLevel.Read, cancellationToken);
}
