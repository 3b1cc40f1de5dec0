using Beep.Contracts;

namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>A run in which nothing is learnt must not look like a success.</summary>
internal sealed class RequireTrainableTokens : IPlanRule
{
    public bool ReadsRows => true;

    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        if (context.Data.Value?.Tokens is not { Rows: > 0 } tokens)
        {
            yield break;
        }

        if (tokens.TrainableTokens == 0)
        {
            yield return PlanProblem.Error("no_trainable_token", $"None of the {tokens.Tokens:N0} tokens would be learnt from.", "Check that the rows have answers, or set data.completion_only_loss=false.", "data.train").MendedBy("data.completion_only_loss", false);
        }
        else if (tokens.Untrainable > 0)
        {
            var what = $"{tokens.Untrainable:N0} of {tokens.Rows:N0} rows have no token to learn from.";
            yield return context.Spec.Data.Untrainable switch
            {
                UntrainablePolicy.Fail => PlanProblem.Error("no_trainable_token", what, "Correct them, raise data.max_length, or choose data.untrainable=drop.", "data.untrainable").MendedBy("data.untrainable", "drop"),
                UntrainablePolicy.Drop => PlanProblem.Warning("no_trainable_token", $"{what} They are left out.", "Correct them to keep them.", "data.untrainable"),
                UntrainablePolicy.Keep => PlanProblem.Warning("no_trainable_token", $"{what} They are kept and teach nothing.", "Correct them, or choose data.untrainable=drop.", "data.untrainable").MendedBy("data.untrainable", "drop"),
            };
        }
    }
}
