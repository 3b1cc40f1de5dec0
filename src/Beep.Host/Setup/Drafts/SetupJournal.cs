using Beep.Host.Audit;

namespace Beep.Host.Setup.Drafts;

/// <summary>What happens during a setup, kept with the draft until the completing transaction writes it to the audit log.</summary>
internal sealed class SetupJournal(DraftStore drafts, TimeProvider time)
{
    private const int MostEvents = 200;

    public void Add(string action, string? ipAddress, string? name = null, AuditOutcome outcome = AuditOutcome.Succeeded)
    {
        var happened = new SetupEvent { At = time.GetUtcNow(), Action = action, Name = name, IpAddress = ipAddress, Outcome = outcome };
        drafts.Change(draft => draft with { Events = Append(draft.Events, happened) });
    }

    public IReadOnlyList<SetupEvent> Read() => drafts.Load().Events;

    /// <summary>Repetitions are counted, so that a stranger's tries cannot push out what matters; past the limit the newest take the place of their like.</summary>
    private static List<SetupEvent> Append(IReadOnlyList<SetupEvent> events, SetupEvent happened)
    {
        var all = events.ToList();
        var index = all.Count - 1;
        if (all.Count >= MostEvents)
        {
            index = all.FindLastIndex(one => one.Action == happened.Action);
        }

        if (index >= 0 && (all.Count >= MostEvents || all[index] with { At = default, Count = 0 } == happened with { At = default, Count = 0 }))
        {
            all[index] = all[index] with { Count = all[index].Count + 1, At = happened.At };
        }
        else if (all.Count < MostEvents)
        {
            all.Add(happened);
        }

        return all;
    }
}
