using Beep.Host.Hosting.Http;

namespace Beep.Host.Datasets.Uploading;

/// <summary>How often a user may begin an upload, and how many are received at a time. In memory, for each host.</summary>
internal sealed class UploadGate(DatasetOptions options, TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<long, Queue<DateTimeOffset>> _begun = [];
    private readonly Dictionary<long, int> _running = [];

    /// <summary>Counts an upload that begins.</summary>
    /// <exception cref="HttpFaultException">429: it is one too many.</exception>
    public void Begin(long userId)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            foreach (var (user, old) in _begun.ToList())
            {
                while (old.TryPeek(out var first) && now - first >= Window)
                {
                    old.Dequeue();
                }

                if (old.Count == 0)
                {
                    _begun.Remove(user);
                }
            }

            if (!_begun.TryGetValue(userId, out var begun))
            {
                _begun[userId] = begun = new Queue<DateTimeOffset>();
            }

            if (begun.Count >= options.UploadsPerMinute)
            {
                throw HttpFaultException.TooMany($"You have begun {begun.Count} uploads within a minute.", begun.Peek() + Window - now);
            }

            begun.Enqueue(now);
        }
    }

    /// <exception cref="HttpFaultException">429: so many are begun and not finished.</exception>
    public void RequireFew(int open)
    {
        if (open >= options.OpenUploads)
        {
            throw HttpFaultException.TooMany($"You have {open} uploads that are not finished.", options.UploadExpiry);
        }
    }

    /// <summary>Holds one of the user's places while bytes are received.</summary>
    /// <exception cref="HttpFaultException">429: all are taken.</exception>
    public IDisposable Enter(long userId)
    {
        lock (_gate)
        {
            var running = _running.GetValueOrDefault(userId);
            if (running >= options.ConcurrentUploads)
            {
                throw HttpFaultException.TooMany($"{running} of your uploads are being received, which is as many as may at a time.", TimeSpan.FromSeconds(5));
            }

            _running[userId] = running + 1;
            return new Place(this, userId);
        }
    }

    private void Leave(long userId)
    {
        lock (_gate)
        {
            if (--_running[userId] == 0)
            {
                _running.Remove(userId);
            }
        }
    }

    private sealed class Place(UploadGate gate, long userId) : IDisposable
    {
        private int _isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
            {
                gate.Leave(userId);
            }
        }
    }
}
