namespace Beep.Host.Jobs.Runs.Metrics;

/// <summary>
/// Thins one series in one pass: it is cut into parts of as many values each, and of every part the smallest and the largest stay, so that
/// no spike is lost, besides the first and the last value of all. Where there are no more values than points, all stay.
/// </summary>
internal sealed class SeriesSampler(MetricSeries series, long count, int points)
{
    private readonly bool _isExact = count <= points;
    private readonly double _perPart = count <= points ? 1 : (double)count / Math.Max(1, (points - 2) / 2);
    private readonly List<int> _steps = new((int)Math.Min(count, points) + 4);
    private readonly List<double?> _values = new((int)Math.Min(count, points) + 4);
    private long _seen;
    private long _kept;
    private long _finite;
    private double _partEnd;
    private (int Step, double Value, long Place) _least;
    private (int Step, double Value, long Place) _most;
    private (int Step, double Value, long Place) _last;

    public MetricSeries Series => series;

    /// <summary>The next record of the series' kind.</summary>
    public void Add(int step, double value)
    {
        if (_isExact)
        {
            _steps.Add(step);
            _values.Add(double.IsNaN(value) ? null : value);
            _finite += double.IsNaN(value) ? 0 : 1;
            _seen++;
            return;
        }

        if (_seen++ >= _partEnd)
        {
            EndPart();
            _partEnd += _perPart;
        }

        if (double.IsNaN(value))
        {
            return;
        }

        _last = (step, value, _seen);
        if (_finite++ == 0)
        {
            Keep(_last);
        }

        _least = _least.Place == 0 || value < _least.Value ? _last : _least;
        _most = _most.Place == 0 || value > _most.Value ? _last : _most;
    }

    public SeriesView Finish()
    {
        EndPart();
        Keep(_last);
        return new SeriesView(series.Name, series.Unit, _finite, _seen - _finite, _isExact, _steps, _values);
    }

    private void EndPart()
    {
        var (first, second) = _least.Place < _most.Place ? (_least, _most) : (_most, _least);
        Keep(first);
        Keep(second);
        _least = _most = default;
    }

    private void Keep((int Step, double Value, long Place) value)
    {
        if (value.Place > _kept)
        {
            _kept = value.Place;
            _steps.Add(value.Step);
            _values.Add(value.Value);
        }
    }
}
