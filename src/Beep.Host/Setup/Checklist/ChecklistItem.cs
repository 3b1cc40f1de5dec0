namespace Beep.Host.Setup.Checklist;

/// <summary>Something that is left to do once a host is set up.</summary>
/// <param name="Id">In snake_case; addresses and settings name it.</param>
/// <param name="Title">What to do.</param>
/// <param name="Text">Why, or how.</param>
/// <param name="Href">The page to go to; null where it is not done on a page.</param>
/// <param name="IsDone">Whether it has been done.</param>
/// <param name="IsMarkedByHand">Whether a person says so, because the host cannot see it.</param>
internal sealed record ChecklistItem(string Id, string Title, string Text, string? Href, bool IsDone, bool IsMarkedByHand);
