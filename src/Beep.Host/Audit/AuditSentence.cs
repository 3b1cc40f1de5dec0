using System.Text.Json;

namespace Beep.Host.Audit;

/// <summary>A row as a person reads it: "ada changed user bob: role, email".</summary>
internal static class AuditSentence
{
    private const string Signed = "signed";

    // Participles that differ from the past tense.
    private static readonly Dictionary<string, string> Irregular = new(StringComparer.Ordinal) { ["written"] = "wrote", ["begun"] = "began", ["given"] = "gave" };

    public static string Of(AuditRow row)
    {
        var details = row.Details is { } json ? JsonDocument.Parse(json).RootElement : default;
        var name = Text(details, "name");
        var words = row.Action.Split('_');
        // The last word is the verb in the past tense, what comes before is what it happened to: user_created. Of signed_in, all is verb.
        var (verb, thing) = words[0] == Signed ? (string.Join(' ', words), "") : (Irregular.GetValueOrDefault(words[^1], words[^1]), string.Join(' ', words[..^1]));
        var sentence = row.Outcome switch
        {
            AuditOutcome.Succeeded => $"{verb} {thing}",
            AuditOutcome.Refused => $"was refused: {string.Join(' ', words)}",
            _ => $"failed: {string.Join(' ', words)}",
        };
        sentence = $"{Actor(row)} {sentence.TrimEnd()}";
        // Who signs in is the actor, and the session's id says nothing to a reader.
        if (thing.Length > 0 && (name ?? row.ResourceId) is { } target)
        {
            sentence += $" {target}";
        }

        return sentence + Tail(details);
    }

    public static string Actor(AuditRow row) => row.ActorKind switch
    {
        AuditActorKind.System => "The host",
        AuditActorKind.Anonymous => "Somebody not signed in",
        AuditActorKind.CommandLine => $"{row.ActorName ?? row.ActorId} (command line)",
        AuditActorKind.Token => $"{row.ActorName ?? row.ActorId} (token)",
        _ => row.ActorName ?? $"User {row.ActorId}",
    };

    private static string Tail(JsonElement details)
    {
        var (from, to, reason, count) = (Text(details, "from"), Text(details, "to"), Text(details, "reason"), Text(details, "count"));
        var parts = new List<string>();
        if (details.ValueKind == JsonValueKind.Object && details.TryGetProperty("fields", out var fields))
        {
            parts.Add(string.Join(", ", fields.EnumerateArray().Select(field => field.GetString())));
        }

        if (from is not null || to is not null)
        {
            parts.Add(from is null ? $"now {to}" : $"{from} → {to ?? "nothing"}");
        }

        parts.AddRange(new[] { reason?.Replace('_', ' '), count is null or "0" or "1" ? null : $"{count} in all" }.OfType<string>());
        return parts.Count == 0 ? "" : $": {string.Join("; ", parts)}";
    }

    private static string? Text(JsonElement details, string key) =>
        details.ValueKind == JsonValueKind.Object && details.TryGetProperty(key, out var value) ? value.ToString() : null;
}
