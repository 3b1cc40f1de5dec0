using System.Runtime.InteropServices;

namespace Beep.Host.Hosting;

/// <summary>Ctrl+C and its kin: the first asks for an orderly stop, the next for an immediate one.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action _onFirst;
    private readonly Action _onNext;
    private int _count;

    public StopSignals(Action onFirst, Action onNext)
    {
        (_onFirst, _onNext) = (onFirst, onNext);
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Handle));
        }
    }

    /// <summary>Whether any came.</summary>
    public bool WereRaised => Volatile.Read(ref _count) > 0;

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        (Interlocked.Increment(ref _count) == 1 ? _onFirst : _onNext)();
    }
}
