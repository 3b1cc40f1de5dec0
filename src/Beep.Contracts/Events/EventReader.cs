using System.Text.Json;

namespace Beep.Contracts;

/// <summary>A line of <c>events.jsonl</c> as read.</summary>
/// <param name="Event">The event; null for a type of a later version and for a line that cannot be read.</param>
/// <param name="NextOffset">Where the next line begins: hand it to the next read to go on without gap or repetition.</param>
/// <param name="Damage">Why the line cannot be read; null when it can.</param>
public readonly record struct EventLine(JobEvent? Event, long NextOffset, string? Damage);

/// <summary>Reads <c>events.jsonl</c>, also while a worker writes it.</summary>
public static class EventReader
{
    /// <summary>The longest line that is read; longer ones are passed over as damaged.</summary>
    public const int MaxLineBytes = 1 << 20;

    /// <summary>
    /// The whole lines from byte <paramref name="offset"/> on. A last line without its end is left for the next read.
    /// </summary>
    /// <exception cref="FaultException">A line is of a later major version.</exception>
    public static IEnumerable<EventLine> ReadFrom(string path, long offset = 0)
    {
        if (!File.Exists(path))
        {
            yield break;
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        stream.Seek(offset, SeekOrigin.Begin);
        var reader = new BoundedLineReader(stream, MaxLineBytes);
        while (reader.TryRead(out var line))
        {
            if (!line.IsComplete)
            {
                yield break;
            }

            yield return line.IsOverlong
                ? new EventLine(null, line.NextOffset, $"the line at byte {line.Offset} is longer than {MaxLineBytes:N0} bytes")
                : Parse(line, path);
        }
    }

    private static EventLine Parse(BoundedLine line, string path)
    {
        try
        {
            var envelope = ReadEnvelope(line.Bytes.Span);
            if (envelope.Version > JobEvent.CurrentVersion)
            {
                throw FaultException.Invalid("unknown_version", $"An event is of version {envelope.Version}; this program reads up to {JobEvent.CurrentVersion}.", "Update the program.", $"{path}, byte {line.Offset}");
            }

            return new EventLine(envelope.IsKnown ? JsonSerializer.Deserialize(line.Bytes.Span, ContractJson.Line.JobEvent) : null, line.NextOffset, null);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return new EventLine(null, line.NextOffset, $"the line at byte {line.Offset} is not a valid event: {error.Message}");
        }
    }

    private static (int Version, bool IsKnown) ReadEnvelope(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var (version, known) = (0, false);
        while (reader.Read())
        {
            if (reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            var (isVersion, isType) = (reader.ValueTextEquals("v"u8), reader.ValueTextEquals("type"u8));
            reader.Read();
            if (isVersion && (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out version)))
            {
                throw new JsonException("'v' is not a whole number");
            }

            if (isType)
            {
                known = reader.TokenType == JsonTokenType.String && EventTypes.Known.Contains(reader.GetString()!);
            }
        }

        return (version, known);
    }

    private static class EventTypes
    {
        public static readonly HashSet<string> Known =
        [
            StartedEvent.TypeName, DataEvent.TypeName, ProgressEvent.TypeName, MetricEvent.TypeName, EvaluationEvent.TypeName,
            SampleEvent.TypeName, CheckpointEvent.TypeName, ArtifactEvent.TypeName, WarningEvent.TypeName, FailedEvent.TypeName,
            FinishedEvent.TypeName,
        ];
    }
}
