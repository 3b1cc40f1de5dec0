using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Environments.Making;

/// <summary>What a verification found.</summary>
internal sealed record VerifiedEnvironment(EnvironmentReport Report, string PythonVersion, string Architecture, int Packages);

/// <summary>Finds out whether jobs can run in an environment by running what they run: the worker imports everything, and trains for two steps.</summary>
internal sealed class EnvironmentVerifier(Func<PythonWorker> locate, RuntimeFinder runtimes, PackageReader packages, TimeProvider time)
{
    private const string CheckStep = "Check";
    private const string TrainStep = "Train";
    private const int MostAnswerBytes = 1 << 20;
    private const int MostEntries = 100;
    private const int LongestWord = 500;

    // Importing torch from a cold network disk takes minutes.
    private static readonly TimeSpan CheckLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan TrainLimit = TimeSpan.FromMinutes(10);

    /// <exception cref="FaultException">No job can run in it.</exception>
    public async Task<VerifiedEnvironment> VerifyAsync(EnvironmentSteps steps, PythonEnvironment environment, int from, int to, CancellationToken cancellationToken)
    {
        var worker = locate();
        var middle = (from + to) / 2;
        var (runtime, report) = await steps.DoAsync(CheckStep, from, middle, async () =>
        {
            if (!File.Exists(environment.PythonPath))
            {
                throw FaultException.Failed("python_missing", $"The interpreter '{environment.PythonPath}' is not there.", environment.IsCreatedHere ? "Repair the environment: it is made again from its lock." : "Put it back, or register another one.", environment.PythonPath);
            }

            var (found, problem) = await runtimes.AskAsync(environment.PythonPath, cancellationToken).ConfigureAwait(false);
            if (found is null)
            {
                throw FaultException.Failed("not_python", problem ?? "It is no Python.", "Repair the environment, or register another interpreter.", environment.PythonPath);
            }

            if (Version.Parse(found.Version) < PythonRuntime.Least)
            {
                throw FaultException.Failed("python_too_old", $"Python {found.Version} is too old: the worker needs {PythonRuntime.Least} or later.", "Make or register an environment of a newer Python.");
            }

            steps.Run.Log($"Python {found.Version} on {found.Architecture}: {found.Path}");
            var said = await CheckAsync(steps, environment, worker, cancellationToken).ConfigureAwait(false);
            return ((found, said), $"Python {found.Version}, {Describe(said)}");
        }, cancellationToken).ConfigureAwait(false);

        var seconds = await steps.DoAsync(TrainStep, middle, to, async () =>
        {
            var began = time.GetTimestamp();
            var start = new ChildProcessStart(environment.PythonPath, "-m", PythonWorker.Module, "selftest") { Environment = worker.Variables(environment.IsCreatedHere) };
            var code = await steps.RunAsync(start, TrainLimit, null, cancellationToken).ConfigureAwait(false);
            var took = time.GetElapsedTime(began).TotalSeconds;
            return code == 0
                ? (took, $"two steps in {took:0.#} s")
                : throw FaultException.Failed(
                    "selftest_failed",
                    code is null ? $"Two steps of training did not end within {TrainLimit.TotalMinutes:0} minutes." : $"Two steps of training ended with {code}: {Last(steps.Run)}",
                    "The log of the task says more.");
        }, cancellationToken).ConfigureAwait(false);
        var installed = await packages.ListAsync(environment, Random.Shared.Next(int.MinValue, 0), cancellationToken).ConfigureAwait(false);
        return new VerifiedEnvironment(report with { TrainingSeconds = Math.Round(seconds, 1) }, runtime.Version, runtime.Architecture, installed.Count);
    }

    private async Task<EnvironmentReport> CheckAsync(EnvironmentSteps steps, PythonEnvironment environment, PythonWorker worker, CancellationToken cancellationToken)
    {
        string[] arguments = ["-m", PythonWorker.Module, "check"];
        steps.Run.Log($"$ {string.Join(' ', arguments.Prepend(environment.PythonPath))}");
        var answer = await Interpreter.AskAsync(
            new InterpreterQuestion(environment.PythonPath, arguments) { Variables = worker.Variables(environment.IsCreatedHere), Limit = CheckLimit, MostBytes = MostAnswerBytes, Mark = steps.Run.Id },
            time,
            cancellationToken).ConfigureAwait(false);
        foreach (var line in answer.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            steps.Run.Log(line);
        }

        if (answer.ExitCode != 0)
        {
            throw FaultException.Failed("check_failed", $"The worker cannot run in it: the interpreter {answer.Describe()}", "The log of the task says more; install what is missing.");
        }

        var report = Read(answer.Output) ?? throw FaultException.Failed("check_failed", "The worker's check did not answer with what it found.", "Verify again; where that does not help, unpack the product again, whole.");
        steps.Run.Log(report.Write());
        return report;
    }

    /// <summary>The worker's answer, with everything in it cut to what a page and a row can hold.</summary>
    private static EnvironmentReport? Read(string output)
    {
        foreach (var text in (string[])[output.Trim(), output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault(line => line.StartsWith('{')) ?? ""])
        {
            try
            {
                if (text.StartsWith('{') && JsonSerializer.Deserialize<EnvironmentReport>(text, EnvironmentReport.Json) is { Libraries: not null, Methods: not null, Devices: not null } report)
                {
                    return report with
                    {
                        Python = Clean(report.Python),
                        Libraries = Clean(report.Libraries),
                        Methods = Clean(report.Methods),
                        Devices = [.. report.Devices.OfType<EnvironmentDevice>().Take(MostEntries).Select(device => new EnvironmentDevice(Clean(device.Kind) ?? "", Clean(device.Name), device.MemoryBytes))],
                        TrainingSeconds = null,
                    };
                }
            }
            catch (JsonException)
            {
                // The next one, perhaps.
            }
        }

        return null;
    }

    private static Dictionary<string, string?> Clean(IReadOnlyDictionary<string, string?> entries) => entries.Take(MostEntries).ToDictionary(entry => Clean(entry.Key)!, entry => Clean(entry.Value), StringComparer.Ordinal);

    private static string? Clean(string? text) => text is null ? null : PlainText.Clean(text.Length <= LongestWord ? text : text[..LongestWord]);

    private static string Describe(EnvironmentReport report)
    {
        var runs = report.Methods.Where(method => method.Value is null).Select(method => method.Key).ToList();
        return runs.Count == 0 ? "no method of training can run" : $"can run {string.Join(", ", runs)}";
    }

    private static string Last(IEnvironmentRun run) => run.LastLines(1) is [var line] && !line.StartsWith("$ ", StringComparison.Ordinal) ? line : "it did not say why";
}
