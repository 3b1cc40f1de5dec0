using Beep.EndToEnd.Tests.Browser;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>The system's own Chromium, started when the first test wants one.</summary>
public sealed class Chromium : IAsyncDisposable
{
    public const string Missing = "Chromium is not installed: run ./test as root on a Debian system, or install the package chromium.";

    private static readonly string? Program = new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);
    private readonly Lazy<Task<(IPlaywright Playwright, IBrowser Browser)>> _started = new(StartAsync);

    public static bool IsInstalled => Program is not null;

    /// <summary>A browser of somebody's own: no cookie of another test.</summary>
    /// <param name="address">Of the server.</param>
    /// <param name="isDark">What the system of the person prefers.</param>
    /// <param name="width">Of the window, in pixels.</param>
    public async Task<IPage> OpenAsync(Uri address, bool isDark = false, int width = 1440)
    {
        Assert.SkipUnless(IsInstalled, Missing);
        var context = await (await _started.Value).Browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = address.ToString(),
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
            ColorScheme = isDark ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(BrowserSteps.Patience);
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_started.IsValueCreated)
        {
            var (playwright, browser) = await _started.Value;
            await browser.CloseAsync();
            playwright.Dispose();
        }
    }

    private static async Task<(IPlaywright Playwright, IBrowser Browser)> StartAsync()
    {
        var playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(BrowserSteps.Patience);
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Program, Timeout = BrowserSteps.Patience, Args = Environment.IsPrivilegedProcess ? ["--no-sandbox"] : [] });
        return (playwright, browser);
    }
}
