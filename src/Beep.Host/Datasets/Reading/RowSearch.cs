using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Beep.Host.Data;
using Beep.Host.Datasets.Http;
using Beep.Host.Datasets.Rows;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Datasets.Reading;

/// <summary>Which versions have a row, and which jobs and models have seen it.</summary>
internal sealed class RowSearch(FineTuneDatabase database, PrivilegeService privileges, IDatasetUses uses, HostPaths paths)
{
    private const int MostVersions = 10_000;
    private const int MostLines = 20;
    private const int MostJobs = 200;

    /// <exception cref="HttpFaultException">422: it is no row.</exception>
    public async Task<SeenAnswer> FindAsync(JsonElement row, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var hash = HashOf(row);
        var versions = await ListAsync(caller, cancellationToken);
        var (found, skipped) = (new List<(Dataset Dataset, DatasetVersion Version, IReadOnlyList<long> Lines)>(), 0);
        foreach (var (dataset, version) in versions)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var index = RowIndex.Open(paths.DatasetVersion(dataset.Id, version.Number));
            if (index is null)
            {
                skipped++;
            }
            else if (index.Find(hash, MostLines) is { Count: > 0 } lines)
            {
                found.Add((dataset, version, lines));
            }
        }

        var jobs = (await uses.ListAsync([.. found.Select(one => one.Version.Seq)], caller, MostJobs, cancellationToken)).ToLookup(use => use.VersionSeq);
        return new SeenAnswer(
            [.. found.Select(one => new SeenVersion(one.Dataset.Id, one.Dataset.Name, one.Version.Number, one.Lines,
                [.. jobs[one.Version.Seq].Select(use => new UseView(use.Id, use.Name, use.State, one.Version.Number, use.IsValidation, use.ModelIds))]))],
            versions.Count - skipped,
            skipped);
    }

    private static UInt128 HashOf(JsonElement row)
    {
        var log = new FindingLog();
        var scanner = new RowScanner();
        return row.ValueKind == JsonValueKind.Object && scanner.Scan(Encoding.UTF8.GetBytes(row.GetRawText()), log) && log.Errors == 0
            ? scanner.Hash
            : throw HttpFaultException.Invalid("bad_row", "row is no row of a dataset.", "Send the row as it stands in the file: one JSON object.", "row");
    }

    private async Task<IReadOnlyList<(Dataset, DatasetVersion)>> ListAsync(ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var user = caller.RequireUserId();
        var seesAll = DatasetAccess.SeesAll(caller);
        var shared = seesAll ? [] : await privileges.ListIdsAsync(user, DatasetAccess.Resource, AccessLevel.Read, cancellationToken);
        await using var context = database.CreateContext();
        var rows = await (
            from dataset in context.Set<Dataset>().AsNoTracking()
            join version in context.Set<DatasetVersion>().AsNoTracking() on dataset.Seq equals version.DatasetSeq
            where dataset.DeletedAt == null && (seesAll || dataset.OwnerId == user || shared.Contains(dataset.Id))
            orderby version.Seq descending
            select new { dataset, version }).Take(MostVersions).ToListAsync(cancellationToken);
        return [.. rows.Select(row => (row.dataset, row.version))];
    }
}
