using Beep.Contracts;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Datasets.Findings;

namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>Every row must be readable; what is merely odd is told. Lengths and labels have rules of their own.</summary>
internal sealed class RequireSoundRows : IPlanRule
{
    private static readonly HashSet<string> OthersConcern =
        [FindingCodes.Overlong, FindingCodes.NoTrainableToken, FindingCodes.ValidationOverlap];

    public bool ReadsRows => true;

    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        if (!File.Exists(context.Spec.Data.Train))
        {
            return [];
        }

        var faults = context.Data.Faults.Select(fault => Mended(new PlanProblem(PlanSeverity.Error, fault), context));
        return faults.Concat(Describe(context.Data.Value)).Concat(Describe(context.Data.Value?.Validation));
    }

    /// <summary>Rows of another task are mended by the task that they are for.</summary>
    private static PlanProblem Mended(PlanProblem problem, PlanContext context) =>
        problem.Fault is { Code: "wrong_format", Where: "task" } && OpenedDataset.Open(context.Spec.Data.Train, context.Spec.Data).Task is var task && task != context.Spec.Task
            ? problem.MendedBy("task", SpecWriter.WireName(task))
            : problem;

    private static IEnumerable<PlanProblem> Describe(DatasetReport? report) =>
        from finding in report?.Findings ?? []
        where !OthersConcern.Contains(finding.Code)
        let first = finding.First[0]
        let times = finding.Count == 1 ? "" : $" So it is with {finding.Count:N0} rows, first on this line."
        let place = $"{report!.File}:{first.Line}"
        select finding.Severity == FindingSeverity.Error
            ? PlanProblem.Error(finding.Code, first.Message + times, first.Remedy, place)
            : PlanProblem.Warning(finding.Code, first.Message + times, first.Remedy, place);
}
