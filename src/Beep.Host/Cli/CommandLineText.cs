namespace Beep.Host.Cli;

/// <summary>Commands for the user to type next.</summary>
internal static class CommandLineText
{
    // Set by the launcher to the way in which it was called.
    private const string LauncherVariable = "BEEP_LAUNCHER";

    /// <summary>A call of this program with the arguments, quoted for a shell.</summary>
    public static string Call(params IEnumerable<string> arguments) =>
        string.Join(' ', arguments.Prepend(Environment.GetEnvironmentVariable(LauncherVariable) is { Length: > 0 } launcher ? launcher : "beep").Select(Quote));

    private static string Quote(string argument)
    {
        if (argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || "-_./\\:=,+@%~".Contains(c, StringComparison.Ordinal)))
        {
            return argument;
        }

        return OperatingSystem.IsWindows() || argument.AsSpan().IndexOfAny("$`\"\\!") < 0
            ? $"\"{argument}\""
            : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }
}
