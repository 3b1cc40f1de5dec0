namespace Beep.Trainer.Tests;

/// <summary>Tells the time, which a run asks for before each event.</summary>
internal sealed class EventClock(Action beforeEvent) : TimeProvider
{
    public override DateTimeOffset GetUtcNow()
    {
        beforeEvent();
        return base.GetUtcNow();
    }
}
