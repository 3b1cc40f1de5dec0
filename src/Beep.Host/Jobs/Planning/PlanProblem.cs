using System.Text.Json.Nodes;
using Beep.Contracts;

namespace Beep.Host.Jobs.Planning;

/// <summary>Whether a problem stops a run.</summary>
internal enum PlanSeverity
{
    Warning = 1,
    Error = 2,
}

/// <summary>One value that mends a problem.</summary>
/// <param name="Path">Of the field: <c>train.save_total_limit</c>.</param>
/// <param name="Value">What to set it to.</param>
internal sealed record PlanFix(string Path, JsonNode? Value);

/// <summary>Something a run would meet.</summary>
internal sealed record PlanProblem(PlanSeverity Severity, Fault Fault, PlanFix? Fix = null)
{
    public static PlanProblem Error(string code, string message, string remedy, string? where = null) =>
        new(PlanSeverity.Error, new Fault(code, message, remedy, where));

    public static PlanProblem Warning(string code, string message, string remedy, string? where = null) =>
        new(PlanSeverity.Warning, new Fault(code, message, remedy, where));

    /// <summary>With the value that mends it; none where <paramref name="value"/> is null.</summary>
    public PlanProblem MendedBy(string path, JsonNode? value) => value is null ? this : this with { Fix = new PlanFix(path, value) };
}
