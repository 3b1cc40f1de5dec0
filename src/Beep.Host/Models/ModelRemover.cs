using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Models;

/// <summary>Removes models for a caller.</summary>
internal sealed class ModelRemover(ModelReader reader, ModelRegistry registry)
{
    /// <summary>Whether the caller may remove it, were nothing to need it.</summary>
    public static bool May(ClaimsPrincipal caller, ModelOrigin origin, long? ownerId) =>
        caller.Holds(Permissions.ModelsDelete) || (origin == ModelOrigin.Trained && caller.Holds(Permissions.FinetuneManage) && ownerId is not null && ownerId == caller.FindUserId());

    /// <exception cref="HttpFaultException">404: there is none for the caller. 403: it is not the caller's to remove. 409: something needs it.</exception>
    public async Task RemoveAsync(string id, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        var model = await reader.RequireAsync(id, caller, cancellationToken);
        if (!May(caller, model.Origin, model.OwnerId))
        {
            throw HttpFaultException.Forbidden("forbidden", $"Removing '{model.Name}' needs the permission {Permissions.ModelsDelete}.", "Ask who administers the server for a role that holds it.");
        }

        await registry.RemoveAsync(model.Id, actor, cancellationToken);
    }
}
