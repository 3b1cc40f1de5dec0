using Beep.Host.Data;
using Beep.Host.Quotas;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Datasets;

/// <summary>Counts a user's datasets and what their versions take.</summary>
internal sealed class DatasetUsage : IUsageSource
{
    public async Task<QuotaUsage> ReadAsync(FineTuneDbContext context, long userId, CancellationToken cancellationToken)
    {
        var own = context.Set<Dataset>().Where(dataset => dataset.OwnerId == userId && dataset.DeletedAt == null);
        var bytes = await (from version in context.Set<DatasetVersion>() join dataset in own on version.DatasetSeq equals dataset.Seq select version.Bytes).SumAsync(cancellationToken);
        return new QuotaUsage(Bytes: bytes, Datasets: await own.CountAsync(cancellationToken));
    }
}
