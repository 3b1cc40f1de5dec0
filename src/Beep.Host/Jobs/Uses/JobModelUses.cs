using Beep.Host.Data;
using Beep.Host.Jobs.Stored;
using Beep.Host.Models;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Uses;

/// <summary>Says which job still needs a model: itself, or as the base of the adapter that it goes on from.</summary>
internal sealed class JobModelUses(HostDatabase host, FineTuneDatabase database) : IModelUse
{
    private static readonly JobState[] Unfinished = [JobState.Validating, JobState.Queued, JobState.Running, JobState.Cancelling];

    public async Task<string?> FindAsync(string modelId, CancellationToken cancellationToken)
    {
        await using var registry = host.CreateContext();
        List<string> ids = [modelId, .. await registry.Set<Model>().Where(model => model.BaseId == modelId && model.Kind == ModelKind.Adapter).Select(model => model.Id).ToListAsync(cancellationToken)];
        await using var context = database.CreateContext();
        var job = await context.Set<Job>().AsNoTracking().Where(found => Unfinished.Contains(found.State) && found.DeletedAt == null && ids.Contains(found.ModelId))
            .OrderBy(found => found.Seq).Select(found => new { found.Name, found.State }).FirstOrDefaultAsync(cancellationToken);
        return job is null ? null : $"the job '{job.Name}' is {job.State.Word()}";
    }
}
