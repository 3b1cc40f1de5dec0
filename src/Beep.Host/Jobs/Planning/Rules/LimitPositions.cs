namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>Says when the model's context, not the setting, bounds the rows.</summary>
internal sealed class LimitPositions : IPlanRule
{
    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        if (context.MaxLength < context.Spec.Data.MaxLength)
        {
            yield return PlanProblem.Warning(
                "beyond_positions",
                $"'data.max_length' is {context.Spec.Data.MaxLength:N0}, but the model was made for {context.MaxLength:N0} tokens ('max_position_embeddings'), so that is the longest row.",
                $"Set data.max_length={context.MaxLength} to say so.",
                "data.max_length").MendedBy("data.max_length", context.MaxLength);
        }
    }
}
