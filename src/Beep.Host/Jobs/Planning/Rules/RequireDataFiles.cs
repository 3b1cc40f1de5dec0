namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>The files of rows must be there.</summary>
internal sealed class RequireDataFiles : IPlanRule
{
    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        var data = context.Spec.Data;
        return new[] { ("data.train", (string?)data.Train), ("data.validation", data.Validation) }
            .Where(file => file.Item2 is { } path && !File.Exists(path))
            .Select(file => PlanProblem.Error("data_not_found", $"There is no file '{file.Item2}'.", "Name a .jsonl, .json, .csv or .txt file.", file.Item1));
    }
}
