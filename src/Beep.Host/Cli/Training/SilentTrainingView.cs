using Beep.Contracts;

namespace Beep.Host.Cli.Training;

/// <summary>For <c>--json</c>: nothing but notes, on stderr.</summary>
internal sealed class SilentTrainingView(Terminal terminal) : ITrainingView
{
    public void Show(JobEvent jobEvent)
    {
    }

    public void Note(string text) => terminal.Error.WriteLine(text);

    public void Close()
    {
    }
}
