using System.Runtime.InteropServices;
using Beep.Contracts;

namespace Beep.Trainer.Training;

/// <summary>Whether the run shall finish its step, save and stop: SIGTERM, Ctrl+C, <c>control/cancel</c> or the time limit.</summary>
internal sealed class CancelSignal : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _source = new();
    private readonly ITimer _timer;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly JobFolder _folder;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly int? _maxSeconds;
    private volatile bool _signalled;

    public CancelSignal(JobFolder folder, int? maxSeconds, TimeProvider time)
    {
        (_folder, _maxSeconds, _time) = (folder, maxSeconds, time);
        _started = time.GetTimestamp();
        _timer = time.CreateTimer(_ => CancelWhenAsked(), null, Interval, Interval);
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT })
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                // The first asks, the second is not held back and ends the process.
                context.Cancel = !_signalled;
                _signalled = true;
            }));
        }
    }

    /// <summary>The code and message of the reason; null while the run shall go on.</summary>
    public (string Code, string Message)? Reason =>
        _signalled ? ("cancelled", "The run was stopped by a signal.")
        : File.Exists(_folder.CancelRequest) ? ("cancelled", "The run was cancelled.")
        : _maxSeconds is { } seconds && _time.GetElapsedTime(_started).TotalSeconds >= seconds ? ("time_limit", $"The run reached its limit of {seconds:N0} seconds.")
        : null;

    /// <summary>The same for work that asks a token, such as reading the data; follows within a moment.</summary>
    public CancellationToken Token => _source.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _timer.Dispose();
    }

    private void CancelWhenAsked()
    {
        if (Reason is not null)
        {
            _source.Cancel();
        }
    }
}
