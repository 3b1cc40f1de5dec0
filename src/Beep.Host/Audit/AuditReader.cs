using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Audit;

/// <summary>Reads the log, newest first.</summary>
internal sealed class AuditReader(HostDatabase database)
{
    public async Task<Page<AuditRow>> ReadAsync(AuditFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        var before = page.After ?? long.MaxValue;
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var rows = new List<AuditRow>();
        foreach (var part in filter.Split(context.Set<AuditRow>().AsNoTracking()))
        {
            rows.AddRange(await part.Where(row => row.Seq < before).OrderByDescending(row => row.Seq).Take(page.Size + 1).ToListAsync(cancellationToken).ConfigureAwait(false));
        }

        return page.Cut([.. rows.DistinctBy(row => row.Seq).OrderByDescending(row => row.Seq).Take(page.Size + 1)], row => row.Seq);
    }

    /// <summary>Every row that fits, oldest first, without holding them all.</summary>
    public async IAsyncEnumerable<AuditRow> StreamAsync(AuditFilter filter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        await foreach (var row in filter.Apply(context.Set<AuditRow>().AsNoTracking()).OrderBy(row => row.Seq).AsAsyncEnumerable().WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            yield return row;
        }
    }

    /// <summary>The actions that were ever written, for a list to choose from.</summary>
    public async Task<IReadOnlyList<string>> ReadActionsAsync(CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        return await context.Set<AuditRow>().AsNoTracking().Select(row => row.Action).Distinct().OrderBy(action => action).ToListAsync(cancellationToken).ConfigureAwait(false);
    }
}
