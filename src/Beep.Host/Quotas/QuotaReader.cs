using Beep.Host.Data;
using Beep.Host.Identity.Groups;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Quotas;

/// <summary>
/// Finds what holds for a user: the user's own limit, else the most generous one of the user's active groups, else that of
/// everybody, each for itself.
/// </summary>
internal sealed class QuotaReader(HostDatabase host, FineTuneDatabase fineTune)
{
    public async Task<QuotaLimits> LimitsOfAsync(long userId, CancellationToken cancellationToken)
    {
        await using var users = host.CreateContext();
        var groups = await (
            from member in users.Set<UserGroup>()
            join found in users.Set<Group>() on member.GroupId equals found.Id
            where member.UserId == userId && found.IsActive
            select found.Id).ToListAsync(cancellationToken);
        await using var context = fineTune.CreateContext();
        var rows = await context.Set<Quota>().AsNoTracking()
            .Where(quota => quota.Holder == QuotaHolder.Everybody
                || (quota.Holder == QuotaHolder.User && quota.HolderId == userId)
                || (quota.Holder == QuotaHolder.Group && groups.Contains(quota.HolderId)))
            .ToListAsync(cancellationToken);
        return new QuotaLimits(
            Bytes: Pick(rows, quota => quota.Bytes),
            Datasets: (int?)Pick(rows, quota => quota.Datasets),
            QueuedJobs: (int?)Pick(rows, quota => quota.QueuedJobs),
            RunningJobs: (int?)Pick(rows, quota => quota.RunningJobs),
            GpuMinutes: (int?)Pick(rows, quota => quota.GpuMinutes));
    }

    private static long? Pick(List<Quota> rows, Func<Quota, long?> limit) =>
        Pick(rows, QuotaHolder.User, limit) ?? Pick(rows, QuotaHolder.Group, limit) ?? Pick(rows, QuotaHolder.Everybody, limit);

    private static long? Pick(List<Quota> rows, QuotaHolder holder, Func<Quota, long?> limit) => rows.Where(quota => quota.Holder == holder).Max(limit);
}
