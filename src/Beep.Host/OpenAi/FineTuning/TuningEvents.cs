using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Runs.Events;
using Beep.Host.Jobs.Stored;

namespace Beep.Host.OpenAi.FineTuning;

/// <summary>
/// What happened to a job, newest first. The worker's events and the host's own are each in their order and by time among each other, read
/// from the end: a page costs the same wherever it is in a run of a million steps.
/// </summary>
internal sealed partial class TuningEvents(HostPaths paths, RunStates states)
{
    /// <param name="job">Whose.</param>
    /// <param name="after">The id of the last event of the page before; null for the newest.</param>
    /// <param name="limit">How many.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<ListView<TuningEventView>> ListAsync(Job job, string? after, int limit, CancellationToken cancellationToken)
    {
        // The host's first: when the job has ended by then, the file is whole.
        var (noted, _) = await states.ReadAsync(job.Seq, 0, cancellationToken);
        var path = new JobFolder(paths.Job(job.Id)).Events;
        var place = after is null ? new Place(RunEventFile.End(path).Seq + 1, noted.Count) : Place.Read(job.Id, after) ?? throw OpenAiRequests.Bad("invalid_value", "'after' is the id of no event of this job.", "after");
        var said = ReadBefore(path, place.Seq, limit + 1);
        List<TuningEventView> page = [];
        var (next, left) = (said.Count - 1, Math.Clamp(place.States, 0, noted.Count) - 1);
        while (page.Count <= limit && (next >= 0 || left >= 0))
        {
            if (next < 0 || (left >= 0 && noted[left].At > said[next].At))
            {
                page.Add(View(job.Id, noted[left], new Place(next >= 0 ? said[next].Seq + 1 : 1, left)));
                left--;
            }
            else
            {
                page.Add(View(job.Id, said[next], new Place(said[next].Seq, left + 1)));
                next--;
            }
        }

        return new ListView<TuningEventView>([.. page.Take(limit)], page.Count > limit);
    }

    /// <summary>The newest events that are shown of those numbered below one, oldest first.</summary>
    private static List<RunEvent> ReadBefore(string path, long below, int most)
    {
        List<RunEvent> found = [];
        for (var window = (long)most * 2; below > 1 && found.Count < most; window *= 2)
        {
            var from = Math.Max(0, below - 1 - window);
            var (events, _) = RunEventFile.Read(path, RunEventFile.Locate(path, from), from, (int)Math.Min(below - 1 - from, int.MaxValue));
            found.InsertRange(0, events.Where(happened => happened.Seq < below && IsShown(happened.Type)));
            below = from + 1;
        }

        return found.Count <= most ? found : found[^most..];
    }

    private static bool IsShown(string type) => type is not "progress";

    private static TuningEventView View(string jobId, RunState noted, Place place) => new()
    {
        Id = place.Write(jobId),
        CreatedAt = noted.At.ToUnixTimeSeconds(),
        Level = Text(noted.Data, "level") is { } level and ("error" or "warn") ? level : "info",
        Message = Text(noted.Data, "message") ?? Text(noted.Data, "state") ?? "",
        Type = "message",
        Data = [],
    };

    private static TuningEventView View(string jobId, RunEvent said, Place place)
    {
        var (level, message, data) = Words(said.Type, said.Data);
        return new TuningEventView
        {
            Id = place.Write(jobId),
            CreatedAt = said.At.ToUnixTimeSeconds(),
            Level = level,
            Message = message,
            Type = data is null ? "message" : "metrics",
            Data = data ?? [],
        };
    }

    private static (string Level, string Message, JsonObject? Data) Words(string type, JsonElement data) => type switch
    {
        "metric" => ("info", $"Step {Whole(data, "step")}: training loss={Loss(data, "loss")}", Metrics(data, ("step", "step"), ("train_loss", "loss"), ("learning_rate", "learning_rate"), ("grad_norm", "grad_norm"), ("tokens", "tokens"))),
        "evaluation" => ("info", $"Step {Whole(data, "step")}: validation loss={Loss(data, "loss")}", Evaluation(data)),
        "started" => ("info", $"Training on {Text(data, "device")}: {Units.Count(Number(data, "trainable_parameters") ?? 0)} of {Units.Count(Number(data, "total_parameters") ?? 0)} weights, {Whole(data, "total_steps")} steps.", null),
        "data" => ("info", $"{Units.Count(Number(data, "rows") ?? 0, "row")} with {Units.Count(Number(data, "tokens") ?? 0, "token")}, {Units.Count(Number(data, "trainable_tokens") ?? 0)} of them learned; {Units.Count(Number(data, "truncated") ?? 0)} cut, {Units.Count(Number(data, "dropped") ?? 0)} left out.", null),
        "checkpoint" => ("info", $"Checkpoint saved at step {Whole(data, "step")}.", null),
        "sample" => ("info", $"Step {Whole(data, "step")}: asked '{Text(data, "prompt")}', the model says '{Text(data, "text")}'.", null),
        "artifact" => ("info", $"The {Text(data, "name")} is complete: {Units.Bytes(Number(data, "bytes") ?? 0)}.", null),
        "warning" => ("warn", $"{Text(data, "message")} {Text(data, "remedy")}".Trim(), null),
        "failed" => ("error", $"{Text(data, "message")} {Text(data, "remedy")}".Trim(), null),
        "finished" => ("info", $"The run ended: {Text(data, "status")}.", null),
        _ => ("info", type, null),
    };

    /// <summary>Every held-out row is scored each time, so both of OpenAI's names mean the same.</summary>
    public static JsonObject Evaluation(JsonElement data) => Metrics(
        data, ("step", "step"), ("valid_loss", "loss"), ("valid_mean_token_accuracy", "token_accuracy"), ("full_valid_loss", "loss"), ("full_valid_mean_token_accuracy", "token_accuracy"));

    private static JsonObject Metrics(JsonElement data, params (string Name, string Ours)[] names)
    {
        var metrics = new JsonObject();
        foreach (var (name, ours) in names)
        {
            if (Number(data, ours) is { } value)
            {
                metrics[name] = value == Math.Floor(value) && Math.Abs(value) < 1e15 ? JsonValue.Create((long)value) : JsonValue.Create(value);
            }
        }

        return metrics;
    }

    private static string Loss(JsonElement data, string name) => Number(data, name)?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "not finite";

    private static string Whole(JsonElement data, string name) => (Number(data, name) ?? 0).ToString("0", CultureInfo.InvariantCulture);

    private static double? Number(JsonElement data, string name) => data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static string? Text(JsonElement data, string name) => data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Before which of the worker's events, and before which of the host's: everything that came earlier follows.</summary>
    private readonly partial record struct Place(long Seq, int States)
    {
        public string Write(string jobId) => string.Create(CultureInfo.InvariantCulture, $"ftevent-{jobId}-{Seq}-{States}");

        public static Place? Read(string jobId, string text) =>
            Pattern().Match(text) is { Success: true } match && match.Groups[1].Value == jobId && long.TryParse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture, out var seq) && int.TryParse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture, out var states)
                ? new Place(seq, states)
                : null;

        [GeneratedRegex(@"\Aftevent-([0-9a-f]{16})-([0-9]{1,18})-([0-9]{1,9})\z")]
        private static partial Regex Pattern();
    }
}
