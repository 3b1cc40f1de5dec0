using System.Globalization;
using System.Text.Json;
using Beep.Host.Hosting;

namespace Beep.Host.Tasks.Pages;

/// <summary>How pages show a task.</summary>
internal static class TaskWords
{
    public static string Badge(TaskView task) => task.Status switch
    {
        "completed" => "good",
        "failed" => "bad",
        "running" => "busy",
        "pending" => "waiting",
        _ => "quiet",
    };

    public static string State(TaskView task) => task.IsCancelling ? "cancelling" : task.Status;

    /// <summary>How long it took or has taken.</summary>
    public static string? Took(TaskView task, DateTimeOffset now) =>
        task.StartedAt is { } started ? Units.Duration(((task.CompletedAt ?? now) - started).TotalSeconds) : null;

    /// <summary>A value of a result: numbers to four digits, as people read them.</summary>
    public static string Fact(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number when value.TryGetInt64(out var whole) => Units.Count(whole),
        JsonValueKind.Number => value.GetDouble().ToString("G4", CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    public static bool IsEnded(TaskView task) => task.CompletedAt is not null;
}
