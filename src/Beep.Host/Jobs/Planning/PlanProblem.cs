using Beep.Contracts;

namespace Beep.Host.Jobs.Planning;

/// <summary>Whether a problem stops a run.</summary>
internal enum PlanSeverity
{
    Warning = 1,
    Error = 2,
}

/// <summary>Something a run would meet.</summary>
internal sealed record PlanProblem(PlanSeverity Severity, Fault Fault)
{
    public static PlanProblem Error(string code, string message, string remedy, string? where = null) =>
        new(PlanSeverity.Error, new Fault(code, message, remedy, where));

    public static PlanProblem Warning(string code, string message, string remedy, string? where = null) =>
        new(PlanSeverity.Warning, new Fault(code, message, remedy, where));
}
