using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>What every page must pass.</summary>
internal static class Accessibility
{
    private static readonly string[] Bad = ["serious", "critical"];

    /// <summary>axe finds nothing serious or critical, nothing is wider than the window, and the page has a title and one h1.</summary>
    public static async Task CheckAsync(IPage page, string what, bool withAxe = true)
    {
        var violations = withAxe ? (await page.RunAxe()).Violations : [];
        Assert.Empty(violations.Where(violation => Bad.Contains(violation.Impact))
            .Select(violation => $"{what}: {violation.Impact} {violation.Id}: {violation.Help}: {string.Join(" | ", violation.Nodes.Take(3).Select(node => node.Html))}"));
        Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth") <= 0, $"{what} is wider than the window");
        Assert.Equal(1, await page.Locator("h1").CountAsync());
    }
}
