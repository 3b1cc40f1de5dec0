using System.Globalization;
using System.Text.Json;

namespace Beep.Host.OpenAi.FineTuning;

/// <summary>The figures that a caller chose; null where it is left to us.</summary>
internal sealed record TuningFigures(int? Epochs, int? BatchSize, double? LearningRateMultiplier, double? Beta)
{
    public static readonly TuningFigures Auto = new(null, null, null, null);
}

/// <summary>A fine-tune as OpenAI's clients ask for it.</summary>
internal sealed record TuningRequest
{
    public const string Supervised = "supervised";
    public const string Preference = "dpo";

    private const int MostMetadata = 16;
    private const int LongestSuffix = 64;

    private static readonly string[] Known = ["model", "training_file", "validation_file", "suffix", "seed", "metadata", "integrations", "method", "hyperparameters"];

    public required string Model { get; init; }

    public required string TrainingFile { get; init; }

    public string? ValidationFile { get; init; }

    public string? Suffix { get; init; }

    public int? Seed { get; init; }

    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    public required string Method { get; init; }

    public required TuningFigures Figures { get; init; }

    /// <exception cref="Hosting.Http.HttpFaultException">400, with the field at fault.</exception>
    public static TuningRequest Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw OpenAiRequests.Bad("invalid_type", "The body must be a JSON object.", null);
        }

        RequireKnown(root, Known, "");
        if (Member(root, "integrations") is { } integrations && (integrations.ValueKind != JsonValueKind.Array || integrations.GetArrayLength() > 0))
        {
            throw OpenAiRequests.Bad("unsupported_value", "No integration is built into this host; figures are read from the events of a job.", "integrations");
        }

        var (method, figures) = ReadMethod(root);
        return new TuningRequest
        {
            Model = Text(root, "model") ?? throw Missing("model"),
            TrainingFile = Text(root, "training_file") ?? throw Missing("training_file"),
            ValidationFile = Text(root, "validation_file"),
            Suffix = Text(root, "suffix") is { } suffix
                ? suffix.Length is > 0 and <= LongestSuffix ? suffix : throw OpenAiRequests.Bad("invalid_value", $"'suffix' has {suffix.Length} characters; it must have 1 to {LongestSuffix}.", "suffix")
                : null,
            Seed = (int?)Number(root, "seed", "seed", 0, int.MaxValue, isWhole: true),
            Metadata = ReadMetadata(root),
            Method = method,
            Figures = figures,
        };
    }

    private static (string Method, TuningFigures Figures) ReadMethod(JsonElement root)
    {
        if (Member(root, "method") is not { } method)
        {
            return (Supervised, ReadFigures(root, "hyperparameters"));
        }

        if (method.ValueKind != JsonValueKind.Object)
        {
            throw OpenAiRequests.Bad("invalid_type", "'method' must be an object.", "method");
        }

        RequireKnown(method, ["type", Supervised, Preference, "reinforcement"], "method.");
        var type = Text(method, "type", "method.type") ?? Supervised;
        if (type is not (Supervised or Preference))
        {
            throw OpenAiRequests.Bad("unsupported_value", $"'method.type' is '{OpenAiRequests.Shown(type)}'; {Supervised} and {Preference} are known here.", "method.type");
        }

        if (Member(method, type) is not { } options)
        {
            return (type, ReadFigures(root, "hyperparameters"));
        }

        if (options.ValueKind != JsonValueKind.Object)
        {
            throw OpenAiRequests.Bad("invalid_type", $"'method.{type}' must be an object.", $"method.{type}");
        }

        RequireKnown(options, ["hyperparameters"], $"method.{type}.");
        return (type, ReadFigures(options, $"method.{type}.hyperparameters"));
    }

    private static TuningFigures ReadFigures(JsonElement owner, string path)
    {
        if (Member(owner, "hyperparameters") is not { } figures)
        {
            return TuningFigures.Auto;
        }

        if (figures.ValueKind != JsonValueKind.Object)
        {
            throw OpenAiRequests.Bad("invalid_type", $"'{path}' must be an object.", path);
        }

        RequireKnown(figures, ["n_epochs", "batch_size", "learning_rate_multiplier", "beta"], $"{path}.");
        return new TuningFigures(
            (int?)Number(figures, "n_epochs", $"{path}.n_epochs", 1, 50, isWhole: true),
            (int?)Number(figures, "batch_size", $"{path}.batch_size", 1, 256, isWhole: true),
            Number(figures, "learning_rate_multiplier", $"{path}.learning_rate_multiplier", double.Epsilon, 1e6, isWhole: false),
            Number(figures, "beta", $"{path}.beta", double.Epsilon, 2, isWhole: false));
    }

    private static Dictionary<string, string>? ReadMetadata(JsonElement root)
    {
        if (Member(root, "metadata") is not { } metadata)
        {
            return null;
        }

        if (metadata.ValueKind != JsonValueKind.Object || metadata.EnumerateObject().Count() > MostMetadata
            || metadata.EnumerateObject().Any(pair => pair.Name.Length is 0 or > 64 || pair.Value.ValueKind != JsonValueKind.String || pair.Value.GetString()!.Length > 512))
        {
            throw OpenAiRequests.Bad("invalid_value", $"'metadata' must be an object of up to {MostMetadata} texts of up to 512 characters, with keys of up to 64.", "metadata");
        }

        return metadata.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!, StringComparer.Ordinal);
    }

    /// <summary>Null where it is absent, null or <c>auto</c>.</summary>
    private static double? Number(JsonElement owner, string name, string path, double least, double most, bool isWhole)
    {
        if (Member(owner, name) is not { } value || (value.ValueKind == JsonValueKind.String && value.GetString() == "auto"))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= least && number <= most && (!isWhole || number == Math.Floor(number))
            ? number
            : throw OpenAiRequests.Bad(
                "invalid_value",
                string.Create(CultureInfo.InvariantCulture, $"'{path}' is {OpenAiRequests.Shown(value.GetRawText())}; it must be {(isWhole ? "a whole number" : "a number")} {(least < 1e-300 ? "above 0 and at most" : $"from {least} to")} {most}, or auto."),
                path);
    }

    private static string? Text(JsonElement owner, string name, string? path = null) => Member(owner, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw OpenAiRequests.Bad("invalid_type", $"'{path ?? name}' must be a text.", path ?? name);

    /// <summary>Null where it is absent or null.</summary>
    private static JsonElement? Member(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static void RequireKnown(JsonElement owner, string[] known, string prefix)
    {
        foreach (var name in owner.EnumerateObject().Select(member => member.Name).Where(name => !known.Contains(name)))
        {
            throw OpenAiRequests.Bad("unknown_parameter", $"Unknown parameter: '{prefix}{OpenAiRequests.Shown(name)}'.", $"{prefix}{OpenAiRequests.Shown(name)}");
        }
    }

    private static Hosting.Http.HttpFaultException Missing(string name) => OpenAiRequests.Bad("missing_required_parameter", $"Missing required parameter: '{name}'.", name);
}
