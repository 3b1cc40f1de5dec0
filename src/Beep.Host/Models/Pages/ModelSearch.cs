using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Shell.Layout;
using MudBlazor;

namespace Beep.Host.Models.Pages;

/// <summary>Models, for those who see them.</summary>
internal sealed class ModelSearch(ModelReader models) : ISearchSource
{
    public async Task<IReadOnlyList<SearchHit>> FindAsync(ClaimsPrincipal user, string text, int most, CancellationToken cancellationToken) =>
        user.Holds(Permissions.ModelsView)
            ? [.. (await models.ListAsync(new ModelFilter { Search = text }, new PageRequest(null, most), user, cancellationToken)).Items.Select(found => new SearchHit(found.Name, found.Kind.Word(), $"/models/{found.Id}", Icons.Material.Outlined.Memory))]
            : [];
}
