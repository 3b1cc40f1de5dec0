namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>Held-out rows that are trained on are not held out.</summary>
internal sealed class ReportValidationOverlap : IPlanRule
{
    public bool ReadsRows => true;

    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        if (context.Data.Value is { ValidationOverlap: > 0, Validation: { } validation } report)
        {
            yield return PlanProblem.Warning("validation_overlap", $"{report.ValidationOverlap:N0} of {validation.Rows:N0} held-out rows are among the training rows too.", "Remove them from one of the two files: a row that was trained on says nothing about new ones.", "data.validation");
        }
    }
}
