using System.CommandLine;
using System.CommandLine.Invocation;

namespace Beep.Host.Cli;

/// <summary>Prints the version without the build's commit.</summary>
internal sealed class VersionAction(Terminal terminal) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        terminal.Out.WriteLine($"beep {BeepCommand.Version}");
        return 0;
    }
}
