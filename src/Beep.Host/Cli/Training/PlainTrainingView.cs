using Beep.Contracts;
using Beep.Host.Jobs;

namespace Beep.Host.Cli.Training;

/// <summary>Whole lines, for files and dumb terminals: about every tenth of the way, and whatever is worth keeping.</summary>
internal sealed class PlainTrainingView(Terminal terminal) : ITrainingView
{
    private const int Parts = 10;

    private readonly TrainingProgress _progress = new();
    private readonly Lock _gate = new();
    private int _partsShown = -1;

    public void Show(JobEvent jobEvent)
    {
        lock (_gate)
        {
            _progress.Add(jobEvent);
            if (EventText.Describe(jobEvent) is { } line)
            {
                terminal.Out.WriteLine(line);
            }

            var parts = (int)(_progress.Share * Parts);
            if (jobEvent is StartedEvent)
            {
                _partsShown = parts;
            }
            else if (jobEvent is MetricEvent && parts > _partsShown)
            {
                _partsShown = parts;
                terminal.Out.WriteLine(EventText.Describe(_progress));
            }
        }
    }

    public void Note(string text)
    {
        lock (_gate)
        {
            terminal.Out.WriteLine(text);
        }
    }

    public void Close() => terminal.Out.Flush();
}
