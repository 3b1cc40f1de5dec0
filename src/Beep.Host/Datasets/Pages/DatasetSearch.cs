using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Shell.Layout;
using MudBlazor;

namespace Beep.Host.Datasets.Pages;

/// <summary>Datasets, for those who see them.</summary>
internal sealed class DatasetSearch(DatasetService datasets) : ISearchSource
{
    public async Task<IReadOnlyList<SearchHit>> FindAsync(ClaimsPrincipal user, string text, int most, CancellationToken cancellationToken) =>
        user.Holds(Permissions.FinetuneRead)
            ? [.. (await datasets.ListAsync(new DatasetFilter(text, DatasetAccess.SeesAll(user)), new PageRequest(null, most), user, cancellationToken)).Items.Select(found => new SearchHit(found.Name, "dataset", $"/datasets/{found.Id}", Icons.Material.Outlined.Dataset))]
            : [];
}
