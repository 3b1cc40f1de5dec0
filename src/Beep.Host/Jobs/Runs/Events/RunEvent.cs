using System.Text.Json;
using Beep.Contracts;

namespace Beep.Host.Jobs.Runs.Events;

/// <summary>A line of <c>events.jsonl</c> as viewers get it: the worker's own JSON, fields that this version does not know included.</summary>
/// <param name="Seq">The worker's number.</param>
/// <param name="Type">The worker's word.</param>
/// <param name="At">When it happened.</param>
/// <param name="Data">The whole object.</param>
/// <param name="NextOffset">Where the next line begins.</param>
internal sealed record RunEvent(long Seq, string Type, DateTimeOffset At, JsonElement Data, long NextOffset)
{
    private const int LongestType = 50;

    /// <summary>Reads a line; null for one that is no event.</summary>
    /// <exception cref="FaultException">It is of a later major version.</exception>
    public static RunEvent? Parse(BoundedLine line)
    {
        if (line.IsOverlong || !line.IsComplete)
        {
            return null;
        }

        try
        {
            // A copy: the buffer is the next line's.
            using var document = JsonDocument.Parse(line.Bytes);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("seq", out var seq) || !seq.TryGetInt64(out var number) || number < 1
                || !root.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String || !IsWord(type.GetString()!))
            {
                return null;
            }

            if (root.TryGetProperty("v", out var v) && v.TryGetInt32(out var version) && version > JobEvent.CurrentVersion)
            {
                throw FaultException.Invalid("unknown_version", $"An event is of version {version}; this program reads up to {JobEvent.CurrentVersion}.", "Update the program.", $"events.jsonl, byte {line.Offset}");
            }

            var at = root.TryGetProperty("at", out var instant) && instant.ValueKind == JsonValueKind.String && instant.TryGetDateTimeOffset(out var found) ? found : default;
            // JSON may hold line ends between its tokens; the frame of a server-sent event may not.
            var data = line.Bytes.Span.Contains((byte)'\r') ? JsonSerializer.SerializeToElement(root) : root.Clone();
            return new RunEvent(number, type.GetString()!, at, data, line.NextOffset);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The name goes into the frame of a server-sent event, where a line end would begin another field.</summary>
    private static bool IsWord(string type) => type.Length is > 0 and <= LongestType && type.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
}
