namespace Beep.Contracts;

/// <summary>The exit code of a worker, and of every <c>beep</c> command.</summary>
public enum WorkerExitCode
{
    /// <summary>The work is done.</summary>
    Succeeded = 0,

    /// <summary>Cancelled on request: with a checkpoint saved, or before the first step.</summary>
    Cancelled = 10,

    /// <summary>The spec, the data or the arguments are wrong; nothing was started.</summary>
    Invalid = 20,

    /// <summary>The device or the machine ran out of memory.</summary>
    OutOfMemory = 30,

    /// <summary>The loss was not finite too many times in a row.</summary>
    NotFinite = 40,

    /// <summary>Anything else.</summary>
    Failed = 50,
}
