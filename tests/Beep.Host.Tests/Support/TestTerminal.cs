using Beep.Host.Cli;

namespace Beep.Host.Tests.Support;

/// <summary>A terminal that keeps what is written to it.</summary>
internal sealed class TestTerminal
{
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    public TestTerminal(bool isLive = false, bool usesColour = false, bool usesUnicode = true, int width = 100) =>
        Terminal = new Terminal(_output, _error, isLive, usesColour, usesUnicode, () => width);

    public Terminal Terminal { get; }

    public string Output => _output.ToString();

    public string Error => _error.ToString();

    public HostServices Services(string? programFolder = null) =>
        new() { Terminal = Terminal, ProgramFolder = programFolder ?? AppContext.BaseDirectory };

    /// <summary>Runs the command line on this terminal.</summary>
    public Task<int> RunAsync(params string[] arguments) =>
        BeepCommand.RunAsync(arguments, Services(), TestContext.Current.CancellationToken);
}
