using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs.Api;
using Beep.Host.Shell.Layout;
using MudBlazor;

namespace Beep.Host.Jobs.Pages;

/// <summary>Jobs by name or the beginning of the id.</summary>
internal sealed class JobSearch(JobReader jobs) : ISearchSource
{
    public async Task<IReadOnlyList<SearchHit>> FindAsync(ClaimsPrincipal user, string text, int most, CancellationToken cancellationToken) =>
        user.Holds(Permissions.FinetuneRead)
            ? [.. (await jobs.ListAsync(new JobFilter { Search = text, IsOfAll = JobAccess.SeesAll(user) }, new PageRequest(null, most), user, cancellationToken)).Items
                .Select(found => new SearchHit(found.Name, $"job, {found.State}", $"/jobs/{found.Id}", Icons.Material.Outlined.ModelTraining))]
            : [];
}
