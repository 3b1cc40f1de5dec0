using System.Diagnostics;

namespace Beep.Tests;

/// <summary>
/// Scripts that tests run as programs. The system runs no file that anybody has open for writing, and a process that another test starts
/// at that moment holds for a while what this one has open: so a process of its own writes it.
/// </summary>
internal static class ProgramFile
{
    /// <summary>Writes it and returns its path.</summary>
    public static string Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (OperatingSystem.IsWindows())
        {
            File.WriteAllText(path, text);
            return path;
        }

        using var writer = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "cat >\"$1\" && chmod 700 \"$1\"", "write", path]) { RedirectStandardInput = true })!;
        writer.StandardInput.Write(text);
        writer.StandardInput.Close();
        writer.WaitForExit();
        return writer.ExitCode == 0 ? path : throw new IOException($"'{path}' could not be written.");
    }
}
