using System.Globalization;
using Beep.Contracts;
using Beep.Trainer.Training;

namespace Beep.Trainer.Tests;

/// <summary>Runs the tests; or, for a test that ends it without warning, a worker that stands still once it has done some steps.</summary>
internal static class TestProgram
{
    /// <summary>What the worker prints then.</summary>
    public const string Standing = "standing";

    private const string Worker = "--standing-worker";

    public static string FileName => Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "Beep.Trainer.Tests.exe" : "Beep.Trainer.Tests");

    /// <summary>The arguments of such a worker.</summary>
    public static string[] StandingAt(JobFolder folder, int step) => [Worker, folder.Root, step.ToString(CultureInfo.InvariantCulture)];

    public static async Task<int> Main(string[] args) =>
        args is [Worker, var folder, var step] ? Work(new JobFolder(folder), int.Parse(step, CultureInfo.InvariantCulture))
        : args.Any(argument => argument is "--server" or "--internal-msbuild-node") ? await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
        : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);

    private static int Work(JobFolder folder, int step)
    {
        var clock = new EventClock(() =>
        {
            if (EventReader.ReadFrom(folder.Events).Any(line => line.Event is MetricEvent metric && metric.Step >= step))
            {
                Console.Out.WriteLine(Standing);
                Thread.Sleep(Timeout.Infinite);
            }
        });
        return (int)new JobRunner(folder, clock, Console.Error).Run();
    }
}
