using Beep.Host.Hosting.Settings;

namespace Beep.Host.Jobs.Retention;

/// <summary>What kind of thing goes.</summary>
internal enum CleanUpKind
{
    Checkpoints = 1,
    Artifacts = 2,
    Logs = 3,
    Uploads = 4,

    /// <summary>Scratch, and what nothing speaks of any more. It goes whatever is set.</summary>
    Leftovers = 5,
}

/// <summary>Something that goes, or would.</summary>
/// <param name="Kind">Of what kind.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="Bytes">How large it is.</param>
/// <param name="At">How old it is.</param>
/// <param name="Why">Which rule it is past: <c>age</c>, <c>count</c>, <c>bytes</c> or <c>leftover</c>.</param>
internal sealed record CleanUpItem(CleanUpKind Kind, string Path, long Bytes, DateTimeOffset At, string Why = "")
{
    /// <summary>The job that it is of; null for none.</summary>
    public string? JobId { get; init; }

    /// <summary>Its name, where it is an artifact.</summary>
    public string? Artifact { get; init; }
}

/// <summary>Which of several things a rule lets go.</summary>
internal static class KeepRules
{
    /// <summary>What goes, oldest first.</summary>
    /// <param name="rule">What is kept.</param>
    /// <param name="items">All there are.</param>
    /// <param name="now">The instant.</param>
    /// <param name="group">The count is of each group; null for all together.</param>
    public static IReadOnlyList<CleanUpItem> Past(KeepRule rule, IEnumerable<CleanUpItem> items, DateTimeOffset now, Func<CleanUpItem, string>? group = null)
    {
        List<CleanUpItem> past = [];
        Dictionary<string, int> counts = new(StringComparer.Ordinal);
        var bytes = 0L;
        foreach (var item in items.OrderByDescending(item => item.At).ThenByDescending(item => item.Path, StringComparer.Ordinal))
        {
            var name = group?.Invoke(item) ?? "";
            var why = rule.Age is { } age && item.At < now - age ? "age"
                : counts.GetValueOrDefault(name) >= (rule.Count ?? int.MaxValue) ? "count"
                : bytes + item.Bytes > (rule.Bytes ?? long.MaxValue) ? "bytes"
                : null;
            if (why is not null)
            {
                past.Add(item with { Why = why });
                continue;
            }

            counts[name] = counts.GetValueOrDefault(name) + 1;
            bytes += item.Bytes;
        }

        past.Reverse();
        return past;
    }
}
