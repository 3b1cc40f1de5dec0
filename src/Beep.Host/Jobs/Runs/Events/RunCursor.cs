using Beep.Host.Hosting.Http;

namespace Beep.Host.Jobs.Runs.Events;

/// <summary>
/// A place in what happened to a job: the worker's events up to one number, and the host's own up to one. The two are numbered apart, so
/// that the worker's numbering stays its own; together they are one number that rises with every event and fits into a browser's.
/// </summary>
/// <param name="Seq">The number of the worker's last event; 0 before the first.</param>
/// <param name="States">How many of the host's events came before, counted within the job.</param>
internal readonly record struct RunCursor(long Seq, int States)
{
    // 16,384 changes of state a job, and 2^39 events of a worker, are below the 2^53 that a browser counts exactly.
    private const int StateBits = 14;

    /// <summary>The most of the host's events that are told apart.</summary>
    public const int MostStates = (1 << StateBits) - 1;

    private const long MostSeq = 1L << 39;

    public long Number => (Seq << StateBits) | (uint)Math.Min(States, MostStates);

    /// <exception cref="HttpFaultException">It is no number of ours.</exception>
    public static RunCursor Of(long? number) => number switch
    {
        null => default,
        >= 0 when number >> StateBits < MostSeq => new RunCursor(number.Value >> StateBits, (int)(number.Value & MostStates)),
        _ => throw HttpFaultException.BadRequest("bad_cursor", "The place in the events is none that a list or a stream gave.", "Pass the number of the last event, unchanged, or leave it out.", "cursor"),
    };
}
