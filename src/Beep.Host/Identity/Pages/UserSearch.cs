using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Users;
using Beep.Host.Shell.Layout;
using MudBlazor;

namespace Beep.Host.Identity.Pages;

/// <summary>Users, for those who manage them.</summary>
internal sealed class UserSearch(UserService users, HostOptions options) : ISearchSource
{
    public async Task<IReadOnlyList<SearchHit>> FindAsync(ClaimsPrincipal user, string text, int most, CancellationToken cancellationToken) =>
        options.EnableInternalUsers && user.Holds(Permissions.UsersManage)
            ? [.. (await users.ListAsync(new PageRequest(null, most), text, cancellationToken)).Items.Select(found => new SearchHit(found.UserName, "user", $"/users/{found.Id}", Icons.Material.Outlined.Person))]
            : [];
}
