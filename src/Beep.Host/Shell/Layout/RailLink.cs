using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;

namespace Beep.Host.Shell.Layout;

/// <summary>A link of the rail: marked on its page and those below it, but where another link of the rail is nearer.</summary>
public sealed class RailLink : NavLink
{
    [Inject]
    private NavigationManager Addresses { get; set; } = default!;

    /// <summary>Where it leads.</summary>
    [Parameter, EditorRequired]
    public string To { get; set; } = "";

    protected override bool ShouldMatch(string uriAbsolute)
    {
        var path = "/" + Addresses.ToBaseRelativePath(uriAbsolute).Split('?', '#')[0];
        return NavItem.All.Where(item => IsBelow(path, item.Href)).MaxBy(item => item.Href.Length)?.Href == To;
    }

    private static bool IsBelow(string path, string href) => path == href || (href.Length > 1 && path.StartsWith(href + "/", StringComparison.Ordinal));
}
