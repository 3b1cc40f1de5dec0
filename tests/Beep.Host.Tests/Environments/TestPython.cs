using Beep.Host.Environments.Runtimes;

namespace Beep.Host.Tests.Environments;

/// <summary>A real Python of this machine that environments can be made from; tests that need one are skipped where there is none.</summary>
internal static class TestPython
{
    private static readonly Lazy<Task<PythonRuntime?>> Found = new(async () =>
    {
        using var finder = new RuntimeFinder(RuntimePlaces.OfMachine(Environment.GetEnvironmentVariable, AppContext.BaseDirectory), TimeProvider.System) { Patience = TimeSpan.FromMinutes(2) };
        return (await finder.ListAsync(isFresh: true, CancellationToken.None)).FirstOrDefault(runtime => runtime.Problem is null && !runtime.IsEnvironment && Version.Parse(runtime.Version) < new Version(3, 14));
    });

    public static async Task<string> RequireAsync()
    {
        var python = await Found.Value;
        Assert.SkipWhen(python is null, "There is no Python 3.10 to 3.13 with venv here; install the package python3-venv.");
        return python.Path;
    }
}
