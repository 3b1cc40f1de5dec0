namespace Beep.Host.Tasks;

/// <summary>A part of a task that people can follow.</summary>
/// <param name="Status"><c>pending</c>, <c>running</c>, <c>completed</c> or <c>failed</c>.</param>
internal sealed record TaskStep(string Name, string Status, string? Message = null)
{
    public const string Running = "running";
    public const string Completed = "completed";
    public const string Failed = "failed";
}
