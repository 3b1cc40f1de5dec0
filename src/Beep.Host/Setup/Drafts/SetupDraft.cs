using Beep.Host.Audit;
using Beep.Host.Setup.Choices;

namespace Beep.Host.Setup.Drafts;

/// <summary>What is kept of a setup that is not complete: answers without secrets, and what happened.</summary>
internal sealed record SetupDraft
{
    /// <summary>Null before the first answer, and once the answers are too old.</summary>
    public SetupChoices? Choices { get; init; }

    /// <summary>The step that was open.</summary>
    public int Step { get; init; }

    public DateTimeOffset SavedAt { get; init; }

    public IReadOnlyList<SetupEvent> Events { get; init; } = [];
}

/// <summary>Something that happened before there was a database to say it in; no values.</summary>
internal sealed record SetupEvent
{
    public required DateTimeOffset At { get; init; }

    public required string Action { get; init; }

    public string? Name { get; init; }

    public string? IpAddress { get; init; }

    public AuditOutcome Outcome { get; init; } = AuditOutcome.Succeeded;

    /// <summary>How many of the same in a row.</summary>
    public int Count { get; init; } = 1;
}
