using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Planning.Rules;

namespace Beep.Host.Jobs.Planning;

/// <summary>Asks every rule, so that all problems are told at once.</summary>
internal static class Planner
{
    /// <summary>The rules, in the order in which their findings are read.</summary>
    public static IReadOnlyList<IPlanRule> Rules { get; } =
    [
        new RequireAbility(),
        new RequireModel(),
        new RequireAdapter(),
        new RequireDataFiles(),
        new RequireSoundRows(),
        new LimitOverlongRows(),
        new RequireTrainableTokens(),
        new LimitPositions(),
        new SuggestValidation(),
        new ReportValidationOverlap(),
        new LimitMemory(),
        new RequireDisk(),
    ];

    /// <summary>Everything that every rule finds; errors first.</summary>
    public static IReadOnlyList<PlanProblem> FindProblems(PlanContext context) =>
        [.. Rules.SelectMany(rule => rule.Check(context)).OrderByDescending(problem => problem.Severity)];

    /// <summary>What stops a run and can be told without reading the rows; the worker reads them anyway.</summary>
    public static IReadOnlyList<Fault> FindErrors(JobSpec spec)
    {
        var context = new PlanContext(spec, Machine.Current(), null, CancellationToken.None);
        return [.. from rule in Rules
                   where !rule.ReadsRows
                   from problem in rule.Check(context)
                   where problem.Severity == PlanSeverity.Error
                   select problem.Fault];
    }
}
