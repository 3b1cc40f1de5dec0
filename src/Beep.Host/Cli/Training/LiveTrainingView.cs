using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Jobs;

namespace Beep.Host.Cli.Training;

/// <summary>One line that is written over, with lasting lines above it.</summary>
internal sealed class LiveTrainingView : ITrainingView
{
    private const string ClearLine = "\r\e[2K";
    private const int BarWidth = 20;
    private const int CurveWidth = 24;
    private const int MinCurveWidth = 6;
    private static readonly TimeSpan RedrawInterval = TimeSpan.FromMilliseconds(100);

    private readonly Terminal _terminal;
    private readonly TimeProvider _time;
    private readonly TrainingProgress _progress = new();
    private readonly Lock _gate = new();
    private string _doing = "Loading the model…";
    private long _drawnAt;

    public LiveTrainingView(Terminal terminal, TimeProvider time)
    {
        (_terminal, _time) = (terminal, time);
        lock (_gate)
        {
            Draw();
        }
    }

    public void Show(JobEvent jobEvent)
    {
        lock (_gate)
        {
            _progress.Add(jobEvent);
            _doing = jobEvent switch
            {
                DataEvent => "Scoring the base model…",
                MetricEvent => "",
                _ => _doing,
            };
            // Checkpoints come often and change nothing for whoever watches; the job folder lists them.
            if (jobEvent is not CheckpointEvent && EventText.Describe(jobEvent) is { } line)
            {
                Keep(jobEvent is WarningEvent ? _terminal.Caution(line) : line);
            }
            else if (_time.GetElapsedTime(_drawnAt) >= RedrawInterval)
            {
                Draw();
            }
        }
    }

    public void Note(string text)
    {
        lock (_gate)
        {
            Keep(_terminal.Caution(text));
        }
    }

    public void Close()
    {
        lock (_gate)
        {
            if (_progress.Losses.Count > 0)
            {
                Draw();
                _terminal.Out.WriteLine();
            }
            else
            {
                _terminal.Out.Write(ClearLine);
            }

            _terminal.Out.Flush();
        }
    }

    private void Keep(string line)
    {
        _terminal.Out.Write(ClearLine);
        _terminal.Out.WriteLine(line);
        Draw();
    }

    private void Draw()
    {
        _drawnAt = _time.GetTimestamp();
        _terminal.Out.Write(ClearLine + Compose());
        _terminal.Out.Flush();
    }

    private string Compose()
    {
        // The last column stays empty: some terminals wrap when it is written.
        var width = _terminal.ReadWidth() - 1;
        if (_doing.Length > 0)
        {
            return Cut(_doing, width);
        }

        var rate = _progress.TokensPerSecond is { } tokens ? $"  {Units.Count(tokens)} tokens/s" : "";
        var eta = _progress.EtaSeconds is { } seconds ? $"  {Units.Duration(seconds)} left" : "";
        var figures = $"  step {_progress.Step} of {_progress.TotalSteps}  loss {Units.Loss(_progress.Loss)}{rate}{eta}";
        var free = width - figures.Length;
        var bar = free >= BarWidth ? Bar() : "";
        var curveWidth = Math.Min(CurveWidth, free - bar.Length - 2);
        var curve = curveWidth >= MinCurveWidth ? "  " + Sparkline.Draw(_progress.Losses, curveWidth, _terminal.UsesUnicode) : "";
        return _terminal.Good(bar) + Cut(figures, width) + _terminal.Faint(curve);
    }

    private string Bar()
    {
        var filled = (int)Math.Round(_progress.Share * BarWidth);
        return _terminal.UsesUnicode
            ? new string('━', filled) + new string('─', BarWidth - filled)
            : new string('#', filled) + new string('.', BarWidth - filled);
    }

    private static string Cut(string text, int width) => text.Length <= width ? text : text[..Math.Max(0, width)];
}
