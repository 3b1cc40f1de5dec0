using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Beep.Host.Hosting.Processes;

/// <summary>What a command said.</summary>
/// <param name="ExitCode">Null where it did not end in time or could not be started.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Error">What it complained of.</param>
internal sealed record CommandAnswer(int? ExitCode, string Output, string Error)
{
    public bool IsGood => ExitCode == 0;
}

/// <summary>Asks other programs something: for a limited time, with an environment of allowed names, and for no more than fits.</summary>
internal static class CommandRun
{
    private const int MostCharacters = 8 << 20;

    /// <summary>Runs a command to its end, or ends it.</summary>
    /// <param name="program">By its path or by its name on the PATH.</param>
    /// <param name="arguments">As it gets them: no shell reads them.</param>
    /// <param name="environment">Added to what <see cref="WorkerEnvironment"/> lets through.</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="cancellationToken">Stops waiting and ends it.</param>
    public static async Task<CommandAnswer> RunAsync(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, TimeSpan patience, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, CreateNoWindow = true, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        WorkerEnvironment.Fill(start.Environment, Environment.GetEnvironmentVariables());
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            using var process = Process.Start(start) ?? throw new InvalidOperationException("no process was made");
            process.StandardInput.Close();
            try
            {
                var (output, error) = (ReadAsync(process.StandardOutput, limit.Token), ReadAsync(process.StandardError, limit.Token));
                await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
                return new CommandAnswer(process.ExitCode, await output.ConfigureAwait(false), (await error.ConfigureAwait(false)).Trim());
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new CommandAnswer(null, "", $"'{Path.GetFileName(program)}' did not answer within {patience.TotalSeconds:0} s");
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException)
        {
            return new CommandAnswer(null, "", $"'{Path.GetFileName(program)}' cannot be started: {error.Message}");
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var buffer = new char[8 << 10];
        int read;
        while ((read = await reader.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            text.Append(buffer, 0, Math.Min(read, MostCharacters - text.Length));
        }

        return text.ToString();
    }
}
