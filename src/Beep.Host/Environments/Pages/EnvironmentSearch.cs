using System.Security.Claims;
using Beep.Host.Environments.Api;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Shell.Layout;
using MudBlazor;

namespace Beep.Host.Environments.Pages;

/// <summary>Environments, for those who look after them.</summary>
internal sealed class EnvironmentSearch(EnvironmentReader environments) : ISearchSource
{
    public async Task<IReadOnlyList<SearchHit>> FindAsync(ClaimsPrincipal user, string text, int most, CancellationToken cancellationToken) =>
        user.Holds(Permissions.EnvironmentsManage)
            ? [.. (await environments.ListAsync(text, new PageRequest(null, most), user, cancellationToken)).Items.Select(found => new SearchHit(found.Name, "environment", $"/environments/{found.Name}", Icons.Material.Outlined.Terminal))]
            : [];
}
