using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>What every page must pass.</summary>
internal static class Accessibility
{
    private static readonly string[] Bad = ["serious", "critical"];

    // What axe finds besides is not looked at.
    private static readonly AxeRunOptions Everything = new() { ResultTypes = [ResultType.Violations] };
    private static readonly AxeRunOptions Colours = new() { ResultTypes = [ResultType.Violations], RunOnly = new RunOnlyOptions { Type = "rule", Values = ["color-contrast"] } };

    /// <summary>What axe has to read where a page is looked at in both themes and widths: it finds the same at every width, and the themes differ in colours alone.</summary>
    public static AxeRead ToRead(bool isDark, bool isWide) => !isWide ? AxeRead.Nothing : isDark ? AxeRead.Colours : AxeRead.Everything;

    /// <summary>axe finds nothing serious or critical, nothing is wider than the window, and the page has a title and one h1.</summary>
    public static async Task CheckAsync(IPage page, string what, AxeRead read = AxeRead.Everything)
    {
        var violations = read == AxeRead.Nothing ? [] : (await page.RunAxe(read == AxeRead.Colours ? Colours : Everything)).Violations;
        Assert.Empty(violations.Where(violation => Bad.Contains(violation.Impact))
            .Select(violation => $"{what}: {violation.Impact} {violation.Id}: {violation.Help}: {string.Join(" | ", violation.Nodes.Take(3).Select(node => node.Html))}"));
        Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth") <= 0, $"{what} is wider than the window");
        Assert.Equal(1, await page.Locator("h1").CountAsync());
    }
}

/// <summary>What axe reads of a page.</summary>
internal enum AxeRead
{
    Everything,
    Colours,
    Nothing,
}
