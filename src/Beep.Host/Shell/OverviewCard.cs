namespace Beep.Host.Shell;

/// <summary>What a feature puts on the overview.</summary>
/// <param name="Component">Draws a card, or nothing where it has nothing to say.</param>
/// <param name="Order">The lowest comes first: what needs attention, then what runs, then what there is.</param>
internal sealed record OverviewCard(Type Component, int Order);
