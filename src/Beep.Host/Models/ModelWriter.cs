using Beep.Host.Audit;
using Beep.Host.Data;

namespace Beep.Host.Models;

/// <summary>Makes changes to models one after the other, each with its row in the audit log: of two that want a name, one gets it.</summary>
internal sealed class ModelWriter(HostDatabase database, AuditWriter audit)
{
    // Any number that nothing else in the database locks.
    private const long ModelLock = 0x6265_6570_6d6f_646c;

    public async Task<T> ChangeAsync<T>(Func<HostDbContext, CancellationToken, Task<(T Result, AuditEntry Entry)>> change, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await audit.ChangeAsync(context, ModelLock, change, cancellationToken);
    }

    public static AuditEntry Entry(AuditActor actor, string action, Model model, string? reason = null) => new()
    {
        Actor = actor,
        Action = action,
        ResourceType = ModelReader.Resource,
        ResourceId = model.Id,
        Outcome = reason is null ? AuditOutcome.Succeeded : AuditOutcome.Failed,
        CorrelationId = model.TaskId,
        Details = new AuditDetails { Name = model.Name, To = model.Origin.Word(), Reason = reason },
    };
}
