namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>Rows beyond the positions that the model was made for teach it nothing sensible.</summary>
internal sealed class LimitPositions : IPlanRule
{
    public bool ReadsRows => true;

    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        if (context.Config.Value is not { } config || context.Data.Value?.Tokens is not { } tokens)
        {
            yield break;
        }

        // Positions begin anew with every packed row, so the longest row counts, not the sequence.
        var longest = Math.Min(tokens.MaxLength, context.Spec.Data.MaxLength);
        if (longest > config.MaxPositionEmbeddings)
        {
            yield return PlanProblem.Error(
                "beyond_positions",
                $"The longest row has {longest:N0} tokens; the model was made for {config.MaxPositionEmbeddings:N0} ('max_position_embeddings').",
                $"Set data.max_length={config.MaxPositionEmbeddings} and choose what becomes of longer rows with data.overlong.",
                "data.max_length");
        }
    }
}
