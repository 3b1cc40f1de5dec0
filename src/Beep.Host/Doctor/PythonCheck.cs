using System.ComponentModel;
using System.Diagnostics;

namespace Beep.Host.Doctor;

/// <summary>Whether there is a Python for environments of the Hugging Face stack; the trainer that ships needs none.</summary>
internal static class PythonCheck
{
    private const string Name = "Python";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly Version Least = new(3, 10);

    public static async Task<DoctorFinding> RunAsync(CancellationToken cancellationToken)
    {
        foreach (var program in OperatingSystem.IsWindows() ? new[] { "python" } : ["python3", "python"])
        {
            if (await AskAsync(program, cancellationToken).ConfigureAwait(false) is { } version)
            {
                return version >= Least
                    ? DoctorFinding.Ok(Name, $"{program} {version}; the shipped trainer needs none")
                    : DoctorFinding.Warn(Name, $"{program} {version} is too old for the Hugging Face stack", $"Install {Least} or later; the shipped trainer needs none.");
            }
        }

        return DoctorFinding.Ok(Name, "none found; the shipped trainer needs none");
    }

    private static async Task<Version?> AskAsync(string program, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
            try
            {
                var words = (await process.StandardOutput.ReadToEndAsync(patience.Token).ConfigureAwait(false)).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                await process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
                return process.ExitCode == 0 && words is ["Python", var number, ..] && Version.TryParse(number, out var version) ? version : null;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                process.Kill();
                return null;
            }
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
