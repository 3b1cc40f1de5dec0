using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Beep.Host.Audit;

/// <summary>All that a row may say beyond its columns: a list of what is allowed, so that no object with a secret inside gets in whole.</summary>
internal sealed record AuditDetails
{
    /// <summary>A name that people know the thing by.</summary>
    public string? Name { get; init; }

    /// <summary>What it was before; never the value of a secret.</summary>
    public string? From { get; init; }

    /// <summary>What it is now; never the value of a secret.</summary>
    public string? To { get; init; }

    /// <summary>A stable code: <c>wrong_password</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>Names of the fields that were changed, without their values.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    public long? Count { get; init; }

    /// <summary>When it happened, where the row could only be written later: before there was a database.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Canonical JSON: what is not set is left out, keys are in the order of the alphabet, text is ASCII.</summary>
    public string ToCanonicalJson(Func<string, string> clean)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.Default }))
        {
            writer.WriteStartObject();
            Write("at", At?.ToString("O", CultureInfo.InvariantCulture));
            if (Count is { } count)
            {
                writer.WriteNumber("count", count);
            }

            if (Fields.Count > 0)
            {
                writer.WriteStartArray("fields");
                foreach (var field in Fields)
                {
                    writer.WriteStringValue(clean(field));
                }

                writer.WriteEndArray();
            }

            Write("from", From);
            Write("name", Name);
            Write("reason", Reason);
            Write("to", To);
            writer.WriteEndObject();

            void Write(string name, string? value)
            {
                if (value is not null)
                {
                    writer.WriteString(name, clean(value));
                }
            }
        }

        return System.Text.Encoding.ASCII.GetString(buffer.ToArray());
    }
}
