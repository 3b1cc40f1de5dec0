using System.Security.Claims;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Models;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Uses;

/// <summary>Says where the tokenizer of a model lies: in its own folder, or for an adapter in that of its base.</summary>
internal sealed class ModelFolders(ModelReader reader, HostDatabase database) : IModelFolders
{
    public async Task<string?> FindAsync(string modelId, ClaimsPrincipal? caller, CancellationToken cancellationToken)
    {
        if (!PublicId.IsOne(modelId))
        {
            return null;
        }

        await using var context = database.CreateContext();
        var model = caller is null
            ? await context.Set<Model>().AsNoTracking().SingleOrDefaultAsync(found => found.Id == modelId, cancellationToken)
            : await reader.FindAsync(modelId, caller, cancellationToken);
        return model switch
        {
            null or { State: not ModelState.Ready } => null,
            { Kind: ModelKind.Adapter } => model.BaseId is { } baseId && baseId != modelId ? await FindAsync(baseId, caller: null, cancellationToken) : null,
            _ => reader.FolderOf(model),
        };
    }

    public async Task<IReadOnlyList<KnownModel>> ListAsync(ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var page = await reader.ListAsync(new ModelFilter { IsReady = true }, new PageRequest(null, PageRequest.MaxSize), caller, cancellationToken);
        return [.. page.Items.Select(model => new KnownModel(model.Id, model.Name))];
    }
}
