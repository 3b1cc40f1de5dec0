using System.Diagnostics;
using System.Text.Json.Nodes;
using Beep.Tests;

namespace Beep.EndToEnd.Tests.Support;

/// <summary>
/// The Hugging Face worker, in the Python that <c>BEEP_TEST_PYTHON</c> names: <c>tests/python/set-up.sh</c> makes one. PEFT comes from the
/// sources in <c>BEEP_TEST_PEFT</c>, where they are named.
/// </summary>
internal static class PythonWorker
{
    private static readonly string? Python = Environment.GetEnvironmentVariable("BEEP_TEST_PYTHON");

    /// <summary>Why a method cannot run here; null when it can.</summary>
    public static string? Hindrance(bool needsPeft) =>
        Python is null ? "There is no Python with the worker's libraries: ./test makes one, or BEEP_TEST_PYTHON names one."
        : needsPeft && Environment.GetEnvironmentVariable("BEEP_TEST_PEFT") is null ? "PEFT is not packaged by Debian: BEEP_TEST_PEFT names a folder with its sources."
        : null;

    /// <summary>Makes the interpreter an environment of a server, which verifies it by training in it.</summary>
    public static async Task RegisterAsync(HttpClient client, string name)
    {
        await JobClient.PostAsync(client, "api/v1/environments/register", new JsonObject { ["name"] = name, ["python"] = Python });
        JsonNode made = new JsonObject();
        await JobClient.UntilAsync(async () => (string?)(made = await JobClient.ReadAsync(client, $"api/v1/environments/{name}"))["state"] is "ready" or "broken" or "failed");
        Assert.True((string?)made["state"] == "ready", made.ToString());
    }

    /// <summary>Runs a command of the worker to its end.</summary>
    public static async Task<BeepResult> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Python!, ["-m", "beep_trainer", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        start.Environment["PYTHONPATH"] = string.Join(':', new[] { RepositoryFiles.At("workers", "huggingface"), Environment.GetEnvironmentVariable("BEEP_TEST_PEFT") }.OfType<string>());
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new BeepResult(process.ExitCode, await output, await error);
    }
}
