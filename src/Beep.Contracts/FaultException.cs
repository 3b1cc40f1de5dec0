namespace Beep.Contracts;

/// <summary>Work that cannot go on, with every fault found and the exit code that says of which kind they are.</summary>
public sealed class FaultException : Exception
{
    /// <summary>Stops for one fault.</summary>
    public FaultException(WorkerExitCode exitCode, Fault fault, Exception? cause = null)
        : this(exitCode, [fault], cause)
    {
    }

    /// <summary>Stops for several faults at once; <paramref name="faults"/> must not be empty.</summary>
    public FaultException(WorkerExitCode exitCode, IReadOnlyList<Fault> faults, Exception? cause = null)
        : base(string.Join(Environment.NewLine, faults), cause)
    {
        ArgumentOutOfRangeException.ThrowIfZero(faults.Count);
        ExitCode = exitCode;
        Faults = faults;
    }

    /// <summary>Of which kind the faults are.</summary>
    public WorkerExitCode ExitCode { get; }

    /// <summary>What is wrong; never empty.</summary>
    public IReadOnlyList<Fault> Faults { get; }

    /// <summary>A fault in what the user handed in: exit code 20.</summary>
    public static FaultException Invalid(string code, string message, string remedy, string? where = null, Exception? cause = null) =>
        new(WorkerExitCode.Invalid, new Fault(code, message, remedy, where), cause);

    /// <summary>A fault of the machine or of the program: exit code 50.</summary>
    public static FaultException Failed(string code, string message, string remedy, string? where = null, Exception? cause = null) =>
        new(WorkerExitCode.Failed, new Fault(code, message, remedy, where), cause);
}
