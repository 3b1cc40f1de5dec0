using System.Security.Claims;

namespace Beep.Host.Shell.Layout;

/// <summary>Finds a feature's things by name for the search; only what the caller may see.</summary>
internal interface ISearchSource
{
    Task<IReadOnlyList<SearchHit>> FindAsync(ClaimsPrincipal user, string text, int most, CancellationToken cancellationToken);
}

/// <summary>Something that was found.</summary>
/// <param name="Title">Its name.</param>
/// <param name="Kind">What it is: <c>user</c>.</param>
/// <param name="Href">Where it is.</param>
/// <param name="Icon">A path of an icon.</param>
internal sealed record SearchHit(string Title, string Kind, string Href, string Icon);
