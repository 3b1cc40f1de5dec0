using System.Text.Json.Nodes;
using Beep.Contracts;

namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>Rows that are too long are never cut or dropped without being told.</summary>
internal sealed class LimitOverlongRows : IPlanRule
{
    // Round lengths read well and cost nothing.
    private const int Step = 64;

    public bool ReadsRows => true;

    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        if (context.Data.Value?.Tokens is not { Overlong: > 0 } tokens)
        {
            yield break;
        }

        var what = FormattableString.Invariant($"{tokens.Overlong:N0} of {tokens.Rows:N0} rows ({tokens.TruncatedShare * 100:0.#} %) are longer than {context.MaxLength:N0} tokens; the longest has {tokens.MaxLength:N0}.");
        var canRaise = context.MaxLength == context.Spec.Data.MaxLength;
        yield return context.Spec.Data.Overlong switch
        {
            OverlongPolicy.Fail => PlanProblem.Error("overlong", what, $"{(canRaise ? "Raise data.max_length, or choose" : "The model takes no more: choose")} data.overlong=truncate or drop.", "data.max_length").MendedBy("data.overlong", "truncate"),
            OverlongPolicy.Truncate => PlanProblem.Warning("overlong", FormattableString.Invariant($"{what} They lose {tokens.TokensCut:N0} tokens at their ends."), canRaise ? "Raise data.max_length to keep them whole." : "The model takes no more.", "data.overlong").MendedBy("data.max_length", Longer(context, tokens.MaxLength)),
            OverlongPolicy.Drop => PlanProblem.Warning("overlong", $"{what} They are left out.", canRaise ? "Raise data.max_length to keep them." : "The model takes no more.", "data.overlong").MendedBy("data.max_length", Longer(context, tokens.MaxLength)),
        };
    }

    /// <summary>A length that cuts no row; null where the model does not take it.</summary>
    private static JsonNode? Longer(PlanContext context, int longest)
    {
        var rounded = (longest + Step - 1) / Step * Step;
        var most = context.Config.Value?.MaxPositionEmbeddings ?? int.MaxValue;
        return longest <= most ? Math.Min(rounded, most) : null;
    }
}
