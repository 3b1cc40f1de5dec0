using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>What people do on pages, by the names that they read there.</summary>
internal static class BrowserSteps
{
    /// <summary>How long anything may take on a page, in milliseconds: longer than any machine takes.</summary>
    public const float Patience = 120_000;

    public static async Task SignInAsync(this IPage page, string userName, string password)
    {
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("Username").FillAsync(userName);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.ArriveAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
    }

    /// <summary>Waits until the address is the one wanted. It is looked at, not waited for: an event that comes before the wait begins is never seen by it.</summary>
    public static async Task ArriveAsync(this IPage page, Func<string, bool> isThere, float? timeout = null)
    {
        const int glance = 50;
        for (var left = timeout ?? Patience; !isThere(page.Url); left -= glance)
        {
            if (left <= 0)
            {
                throw new TimeoutException($"The page stays at {page.Url}.");
            }

            await Task.Delay(glance);
        }
    }

    /// <summary>As the other, by a pattern in which ** is anything and * a part of an address.</summary>
    public static Task ArriveAsync(this IPage page, string pattern, float? timeout = null)
    {
        var address = new Regex($"^{Regex.Escape(pattern).Replace(@"\*\*", ".*", StringComparison.Ordinal).Replace(@"\*", "[^/]*", StringComparison.Ordinal)}$");
        return page.ArriveAsync(address.IsMatch, timeout);
    }

    /// <summary>Goes somewhere and waits until the page has a circuit and has drawn what it read.</summary>
    public static async Task OpenPageAsync(this IPage page, string path)
    {
        await page.GotoAsync(path);
        await page.SettleAsync();
    }

    /// <summary>Waits until nothing is read any more.</summary>
    public static async Task SettleAsync(this IPage page)
    {
        await page.Locator("h1").First.WaitForAsync();
        await page.WaitForFunctionAsync("() => document.querySelectorAll('.skeletons').length === 0");
    }

    public static Task PressAsync(this IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();

    public static Task SeeAsync(this IPage page, string text) => page.GetByText(text).First.WaitForAsync();

    /// <summary>Shows the password again where a change asks for it, and comes back.</summary>
    public static async Task ConfirmAsync(this IPage page, string password)
    {
        await page.ArriveAsync("**/account/elevate**");
        await page.GetByLabel("Password").FillAsync(password);
        await page.PressAsync("Confirm");
        await page.ArriveAsync(url => !url.Contains("/account/elevate", StringComparison.Ordinal));
        await page.SettleAsync();
    }
}
