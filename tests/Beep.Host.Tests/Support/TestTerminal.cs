using Beep.Host.Cli;

namespace Beep.Host.Tests.Support;

/// <summary>A terminal that keeps what is written to it, for a test to read meanwhile.</summary>
internal sealed class TestTerminal
{
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    // Each writes under a lock on itself.
    private readonly TextWriter _safeOutput;
    private readonly TextWriter _safeError;

    public TestTerminal(bool isLive = false, bool usesColour = false, bool usesUnicode = true, int width = 100)
    {
        (_safeOutput, _safeError) = (TextWriter.Synchronized(_output), TextWriter.Synchronized(_error));
        Terminal = new Terminal(_safeOutput, _safeError, isLive, usesColour, usesUnicode, () => width);
    }

    public Terminal Terminal { get; }

    public string Output => Read(_safeOutput, _output);

    public string Error => Read(_safeError, _error);

    public HostServices Services(string? programFolder = null) =>
        new() { Terminal = Terminal, ProgramFolder = programFolder ?? AppContext.BaseDirectory };

    /// <summary>Runs the command line on this terminal.</summary>
    public Task<int> RunAsync(params string[] arguments) =>
        BeepCommand.RunAsync(arguments, Services(), TestContext.Current.CancellationToken);

    private static string Read(TextWriter writer, StringWriter kept)
    {
        lock (writer)
        {
            return kept.ToString();
        }
    }
}
