using Beep.Contracts;

namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>What the contract names and no shipped worker does.</summary>
internal static class NotBuilt
{
    public static IEnumerable<PlanProblem> Unless<T>(string field, T value, params T[] built)
        where T : struct, Enum
    {
        if (!built.Contains(value))
        {
            yield return PlanProblem.Error(
                "not_built",
                $"'{field}' is '{SpecWriter.WireName(value)}', which this version does not have.",
                $"Set {field} to one of: {string.Join(", ", built.Select(SpecWriter.WireName))}.",
                field).MendedBy(field, SpecWriter.WireName(built[0]));
        }
    }
}
