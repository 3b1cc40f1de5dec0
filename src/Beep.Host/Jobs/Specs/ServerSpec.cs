using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;

namespace Beep.Host.Jobs.Specs;

/// <summary>Where the server has put what a spec names by path, with the ids that stand for the paths where the spec is stored.</summary>
internal sealed record SpecPlaces
{
    public required string JobId { get; init; }

    public required string Model { get; init; }

    public required string ModelId { get; init; }

    public string? Adapter { get; init; }

    public string? AdapterId { get; init; }

    public required string Train { get; init; }

    /// <summary><c>id/v3</c></summary>
    public required string TrainId { get; init; }

    public string? Validation { get; init; }

    /// <summary><c>id/v1</c>, or <c>share:0.1</c>.</summary>
    public string? ValidationId { get; init; }

    /// <summary>How the rows were found to be laid out; null where nobody knows.</summary>
    public string? Format { get; init; }

    /// <summary>What its columns were taken for; null where they are called as the format has it.</summary>
    public IReadOnlyDictionary<string, string>? Columns { get; init; }
}

/// <summary>Composes the specs of jobs that callers ask for: they choose settings, and the server every path.</summary>
internal static class ServerSpec
{
    private const int MostOverrides = 100;
    private const int LongestPath = 200;

    // What the server fills in, or what it runs by.
    private static readonly string[] Fixed = ["version", "job_id", "resume", "adapter", "model.path", "model.sha256", "data.train", "data.validation"];

    /// <summary>The spec, and everything that is wrong with what was asked for; where something is, the spec has its default there.</summary>
    public static JobSpec Compose(string? preset, IReadOnlyDictionary<string, JsonElement>? overrides, SpecPlaces places, out IReadOnlyList<Fault> faults)
    {
        List<Fault> found = [];
        var tree = SpecWriter.ToTree(new JobSpec { JobId = places.JobId });
        try
        {
            SpecReader.Merge(tree, PresetCatalog.Get(preset ?? PresetCatalog.Default).Tree);
        }
        catch (FaultException error)
        {
            found.AddRange(error.Faults.Select(fault => fault with { Where = "preset" }));
        }

        if (places.Format is { } format)
        {
            SpecReader.Override(tree, "data.format", JsonValue.Create(format).ToJsonString());
        }

        if (places.Columns is { } columns)
        {
            SpecReader.Override(tree, "data.columns", JsonSerializer.Serialize(columns));
        }

        var clamped = Apply(tree, overrides ?? new Dictionary<string, JsonElement>(), found);
        Place(tree, places.Model, places.Train, places.Validation, places.Adapter);
        var spec = SpecReader.Bind(tree, ignoreUnknown: false, out var bindFaults);
        found.AddRange(bindFaults);
        var unbound = bindFaults.Select(fault => fault.Where).ToHashSet();
        found.AddRange(SpecValidator.Validate(spec).Where(fault => !unbound.Contains(fault.Where)));
        faults = [.. found.Select(fault => clamped.TryGetValue(fault.Where ?? "", out var value) ? fault with { Message = fault.Message.Replace(value.Shown, value.Given, StringComparison.Ordinal) } : fault)];
        return spec;
    }

    /// <summary>The spec with ids in the place of paths, as it is stored and shown.</summary>
    public static JsonObject WithIds(JobSpec spec, SpecPlaces places)
    {
        var tree = SpecWriter.ToTree(spec);
        Place(tree, places.ModelId, places.TrainId, places.ValidationId, places.AdapterId);
        return tree;
    }

    /// <summary>The spec of a stored one, with the paths of this machine.</summary>
    /// <exception cref="FaultException">It was stored by another version, and this one cannot read it.</exception>
    public static JobSpec WithPaths(string stored, SpecPlaces places)
    {
        var tree = JsonNode.Parse(stored)!.AsObject();
        tree["job_id"] = places.JobId;
        Place(tree, places.Model, places.Train, places.Validation, places.Adapter);
        var spec = SpecReader.Bind(tree, ignoreUnknown: true, out var faults);
        return faults.Count == 0 ? spec : throw new FaultException(WorkerExitCode.Invalid, faults);
    }

    private static void Place(JsonObject tree, string model, string train, string? validation, string? adapter)
    {
        Set(tree, "model.path", model);
        Set(tree, "data.train", train);
        Set(tree, "data.validation", validation);
        Set(tree, "adapter", adapter);

        static void Set(JsonObject tree, string path, string? value) => SpecReader.Override(tree, path, value is null ? "null" : JsonValue.Create(value).ToJsonString());
    }

    /// <summary>Whole numbers that no field can hold are cut to the largest that one can, so that the answer names the field's bounds.</summary>
    private static Dictionary<string, (string Shown, string Given)> Apply(JsonObject tree, IReadOnlyDictionary<string, JsonElement> overrides, List<Fault> faults)
    {
        Dictionary<string, (string, string)> clamped = new(StringComparer.Ordinal);
        if (overrides.Count > MostOverrides)
        {
            faults.Add(new Fault("too_many_overrides", $"There are {overrides.Count} overrides.", $"Give at most {MostOverrides}.", "overrides"));
            return clamped;
        }

        foreach (var (path, value) in overrides)
        {
            if (path.Length is 0 or > LongestPath)
            {
                faults.Add(new Fault("unknown_field", $"A path of a field has {path.Length} characters.", "Write it as in train.max_steps.", "overrides"));
            }
            else if (Fixed.FirstOrDefault(field => field == path || field.StartsWith(path + ".", StringComparison.Ordinal) || path.StartsWith(field + ".", StringComparison.Ordinal)) is { } field)
            {
                faults.Add(new Fault("server_chooses", $"'{path}' cannot be given: the server chooses '{field}'.", "Leave it out; name models and datasets by their ids.", path));
            }
            else
            {
                SpecReader.Override(tree, path, Text(path, value, clamped));
            }
        }

        return clamped;
    }

    private static string Text(string path, JsonElement value, Dictionary<string, (string, string)> clamped)
    {
        var text = value.GetRawText();
        if (value.ValueKind != JsonValueKind.Number || path == "train.seed" || !value.TryGetDouble(out var number) || number != Math.Floor(number))
        {
            return text;
        }

        if (Math.Abs(number) <= int.MaxValue)
        {
            return ((long)number).ToString(CultureInfo.InvariantCulture);
        }

        var most = (number > 0 ? int.MaxValue : int.MinValue).ToString(CultureInfo.InvariantCulture);
        clamped[path] = (most, text);
        return most;
    }
}
