using System.Globalization;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Quotas;

/// <summary>Lists and changes quotas.</summary>
internal sealed class QuotaService(HostDatabase host, FineTuneDatabase fineTune, FineTuneWriter writer, TimeProvider time)
{
    public async Task<Page<QuotaView>> ListAsync(PageRequest page, CancellationToken cancellationToken)
    {
        await using var context = fineTune.CreateContext();
        var after = page.After ?? 0;
        var rows = await context.Set<Quota>().AsNoTracking().Where(quota => quota.Id > after).OrderBy(quota => quota.Id).Take(page.Size + 1).ToListAsync(cancellationToken);
        var cut = page.Cut(rows, quota => quota.Id);
        return new Page<QuotaView>([.. cut.Items.Select(QuotaView.Of)], cut.Next);
    }

    /// <summary>Sets the quota of a holder whole; null where all limits were taken away.</summary>
    public async Task<QuotaView?> SetAsync(QuotaChange wanted, AuditActor actor, CancellationToken cancellationToken)
    {
        await RequireAsync(wanted, cancellationToken);
        return await writer.ChangeAsync<QuotaView?>(async (both, token) =>
        {
            var quota = await both.FineTune.Set<Quota>().SingleOrDefaultAsync(row => row.Holder == wanted.Holder && row.HolderId == wanted.HolderId, token);
            var from = quota is null ? null : Words(QuotaView.Of(quota));
            if (wanted is { Bytes: null, Datasets: null, QueuedJobs: null, RunningJobs: null, GpuMinutes: null })
            {
                if (quota is not null)
                {
                    both.FineTune.Remove(quota);
                }

                return (null, Entry(actor, wanted, from, null));
            }

            if (quota is null)
            {
                quota = new Quota { Holder = wanted.Holder, HolderId = wanted.HolderId, UpdatedAt = time.GetUtcNow() };
                both.FineTune.Add(quota);
            }

            (quota.Bytes, quota.Datasets, quota.QueuedJobs, quota.RunningJobs, quota.GpuMinutes, quota.UpdatedAt) =
                (wanted.Bytes, wanted.Datasets, wanted.QueuedJobs, wanted.RunningJobs, wanted.GpuMinutes, time.GetUtcNow());
            var view = QuotaView.Of(quota);
            return (view, Entry(actor, wanted, from, Words(view)));
        }, cancellationToken);
    }

    private async Task RequireAsync(QuotaChange wanted, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        foreach (var (field, value) in new (string, long?)[] { ("bytes", wanted.Bytes), ("datasets", wanted.Datasets), ("queued_jobs", wanted.QueuedJobs), ("running_jobs", wanted.RunningJobs), ("gpu_minutes", wanted.GpuMinutes) })
        {
            if (value < 0)
            {
                faults.Add(new Fault("bad_quota", string.Create(CultureInfo.InvariantCulture, $"{field} is {value}."), "Choose 0 or more, or null for no limit.", field));
            }
        }

        if (faults.Count > 0)
        {
            throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, faults);
        }

        await using var context = host.CreateContext();
        var isThere = wanted.Holder switch
        {
            QuotaHolder.User => await context.Set<User>().AnyAsync(user => user.Id == wanted.HolderId, cancellationToken),
            QuotaHolder.Group => await context.Set<Group>().AnyAsync(group => group.Id == wanted.HolderId, cancellationToken),
            _ => wanted.HolderId == 0,
        };
        if (!isThere)
        {
            throw HttpFaultException.NotFound("no_holder", string.Create(CultureInfo.InvariantCulture, $"There is no {wanted.Holder.ToString().ToLowerInvariant()} {wanted.HolderId}."), "Name a user or a group by its id, or everybody with 0.");
        }
    }

    private static AuditEntry Entry(AuditActor actor, QuotaChange wanted, string? from, string? to) => new()
    {
        Actor = actor,
        Action = to is null ? "quota_removed" : "quota_set",
        ResourceType = "quota",
        ResourceId = string.Create(CultureInfo.InvariantCulture, $"{wanted.Holder.ToString().ToLowerInvariant()}:{wanted.HolderId}"),
        Details = new AuditDetails { From = from, To = to },
    };

    private static string Words(QuotaView quota) => string.Create(
        CultureInfo.InvariantCulture, $"bytes {Word(quota.Bytes)}, datasets {Word(quota.Datasets)}, queued jobs {Word(quota.QueuedJobs)}, running jobs {Word(quota.RunningJobs)}, GPU minutes {Word(quota.GpuMinutes)}");

    private static string Word(long? limit) => limit?.ToString(CultureInfo.InvariantCulture) ?? "any";
}
