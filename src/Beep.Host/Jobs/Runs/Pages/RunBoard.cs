using System.Text.Json;
using Beep.Host.Hosting.Live;
using Beep.Host.Jobs.Runs.Events;

namespace Beep.Host.Jobs.Runs.Pages;

/// <summary>A text that was generated while training.</summary>
internal sealed record RunSample(int Step, string Prompt, string Text);

/// <summary>Something that the worker wants people to know.</summary>
internal sealed record RunWarning(string Message, string? Remedy);

/// <summary>What the status line and the samples of a run's page show, gathered from events; bounded however long the run is.</summary>
internal sealed class RunBoard
{
    public const int MostSamples = 60;
    public const int MostWarnings = 20;
    public const int MostNotes = 100;

    private readonly List<RunSample> _samples = [];
    private readonly List<RunWarning> _warnings = [];
    private readonly List<(string State, string Message, DateTimeOffset At)> _notes = [];
    private long _seen;

    public int Step { get; private set; }

    public int TotalSteps { get; private set; }

    public double? EtaSeconds { get; private set; }

    public double? TokensPerSecond { get; private set; }

    public long? Tokens { get; private set; }

    public string? Device { get; private set; }

    public string? Precision { get; private set; }

    public long? TrainableParameters { get; private set; }

    public long? TotalParameters { get; private set; }

    public IReadOnlyList<(string Name, string Version)> Versions { get; private set; } = [];

    public int? LastCheckpoint { get; private set; }

    public DateTimeOffset? LastHeardAt { get; private set; }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<RunSample> Samples => _samples;

    public IReadOnlyList<RunWarning> Warnings => _warnings;

    /// <summary>What the host noted, newest first.</summary>
    public IReadOnlyList<(string State, string Message, DateTimeOffset At)> Notes => _notes;

    /// <summary>What was neither a metric nor progress so far; whatever of it comes again is passed over.</summary>
    public void Begin(IEnumerable<RunEvent> notable)
    {
        foreach (var happened in notable)
        {
            Add(happened.Type, happened.Data, happened.Seq);
        }
    }

    /// <summary>Takes in an event; whether what came before it on the curves is void.</summary>
    public bool Add(LiveEvent happened)
    {
        if (happened.Type != RunState.Type)
        {
            return Add(happened.Type, happened.Data, RunCursor.Of(happened.Seq).Seq);
        }

        _notes.Insert(0, (Text(happened.Data, "state") ?? "", Text(happened.Data, "message") ?? "", At(happened.Data) ?? default));
        Cut(_notes, MostNotes);
        return false;
    }

    private bool Add(string type, JsonElement data, long seq)
    {
        LastHeardAt = At(data) ?? LastHeardAt;
        switch (type)
        {
            case "metric":
                Step = Math.Max(Step, Whole(data, "step") ?? 0);
                (TokensPerSecond, Tokens) = (Number(data, "tokens_per_second") ?? TokensPerSecond, (long?)Number(data, "tokens") ?? Tokens);
                return false;
            case "progress":
                (Step, TotalSteps, EtaSeconds) = (Whole(data, "step") ?? Step, Whole(data, "total_steps") ?? TotalSteps, Number(data, "eta_seconds"));
                return false;
            default:
                if (seq <= _seen)
                {
                    return false;
                }

                _seen = seq;
                return AddNotable(type, data);
        }
    }

    private bool AddNotable(string type, JsonElement data)
    {
        switch (type)
        {
            case "started":
                Start(data);
                return true;
            case "sample":
                _samples.Insert(0, new RunSample(Whole(data, "step") ?? 0, Text(data, "prompt") ?? "", Text(data, "text") ?? ""));
                Cut(_samples, MostSamples);
                break;
            case "checkpoint":
                LastCheckpoint = Whole(data, "step");
                break;
            case "warning":
                _warnings.Insert(0, new RunWarning(Text(data, "message") ?? "", Text(data, "remedy")));
                Cut(_warnings, MostWarnings);
                break;
            default:
                break;
        }

        return false;
    }

    private void Start(JsonElement data)
    {
        Step = Whole(data, "resumed_from") ?? 0;
        _samples.RemoveAll(sample => sample.Step > Step);
        (TotalSteps, Device, Precision, EtaSeconds, TokensPerSecond) = (Whole(data, "total_steps") ?? TotalSteps, Text(data, "device"), Text(data, "precision"), null, null);
        (TrainableParameters, TotalParameters) = ((long?)Number(data, "trainable_parameters"), (long?)Number(data, "total_parameters"));
        Versions = data.TryGetProperty("versions", out var versions) && versions.ValueKind == JsonValueKind.Object
            ? [.. versions.EnumerateObject().Take(10).Select(version => (version.Name, version.Value.ToString()))]
            : [];
    }

    private static void Cut<T>(List<T> list, int most)
    {
        if (list.Count > most)
        {
            list.RemoveRange(most, list.Count - most);
        }
    }

    public static int? Whole(JsonElement data, string name) => data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;

    public static double? Number(JsonElement data, string name) => data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number : null;

    private static string? Text(JsonElement data, string name) => data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static DateTimeOffset? At(JsonElement data) => data.TryGetProperty("at", out var value) && value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var at) ? at : null;
}
