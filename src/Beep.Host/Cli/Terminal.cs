using System.Text;
using Spectre.Console;

namespace Beep.Host.Cli;

/// <summary>Where a command writes, and what is there to read it.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Faults and notes.</param>
/// <param name="IsLive">Whether a line of <paramref name="Out"/> can be written over: a terminal that is not dumb.</param>
/// <param name="UsesColour">Whether escape sequences for colour are wanted.</param>
/// <param name="UsesUnicode">Whether block characters arrive as such.</param>
/// <param name="ReadWidth">Columns, asked anew each time since windows are resized.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, bool IsLive, bool UsesColour, bool UsesUnicode, Func<int> ReadWidth)
{
    private const int PlainWidth = 100;

    /// <summary>The process's own, judged by what its environment says.</summary>
    public static Terminal FromSystem()
    {
        if (OperatingSystem.IsWindows())
        {
            Console.OutputEncoding = Encoding.UTF8;
        }

        var isLive = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb";
        var usesColour = isLive && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return new Terminal(Console.Out, Console.Error, isLive, usesColour, Console.OutputEncoding.CodePage == Encoding.UTF8.CodePage, () => isLive ? ConsoleWidth() : PlainWidth);
    }

    /// <summary>Spectre's console over <see cref="Out"/>, for tables.</summary>
    public IAnsiConsole ToAnsiConsole()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Out),
            Ansi = UsesColour ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = UsesColour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = ReadWidth();
        console.Profile.Capabilities.Unicode = UsesUnicode;
        return console;
    }

    /// <summary>Green, where colour is wanted.</summary>
    public string Good(string text) => Paint(text, 32);

    /// <summary>Yellow, where colour is wanted.</summary>
    public string Caution(string text) => Paint(text, 33);

    /// <summary>Red, where colour is wanted.</summary>
    public string Bad(string text) => Paint(text, 31);

    /// <summary>Faint, where colour is wanted.</summary>
    public string Faint(string text) => Paint(text, 2);

    private static int ConsoleWidth()
    {
        try
        {
            return Console.WindowWidth > 0 ? Console.WindowWidth : PlainWidth;
        }
        catch (IOException)
        {
            return PlainWidth;
        }
    }

    private string Paint(string text, int code) => UsesColour ? $"\e[{code}m{text}\e[0m" : text;
}
