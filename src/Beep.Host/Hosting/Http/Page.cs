namespace Beep.Host.Hosting.Http;

/// <summary>A part of a list.</summary>
/// <param name="Items">What is on this page.</param>
/// <param name="Next">The cursor of the next page; null on the last one.</param>
internal sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
