using System.Text.Json;
using System.Text.Json.Serialization;

namespace Beep.Host.Environments;

/// <summary>What a check of an environment found: the worker's own answer, and whether it trained.</summary>
internal sealed record EnvironmentReport
{
    /// <summary>How it is stored and read from the worker.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        MaxDepth = 8,
    };

    /// <summary>The version of the interpreter.</summary>
    public string? Python { get; init; }

    /// <summary>The libraries that training needs, each with its version; null where it cannot be imported.</summary>
    public IReadOnlyDictionary<string, string?> Libraries { get; init; } = new Dictionary<string, string?>();

    /// <summary>What can be trained on.</summary>
    public IReadOnlyList<EnvironmentDevice> Devices { get; init; } = [];

    /// <summary>Each method of training; null where it can run here, else why it cannot.</summary>
    public IReadOnlyDictionary<string, string?> Methods { get; init; } = new Dictionary<string, string?>();

    /// <summary>How long two steps of training took with all that comes before them; null where they were not run.</summary>
    public double? TrainingSeconds { get; init; }

    /// <summary>What a row has stored; null when it is none.</summary>
    public static EnvironmentReport? Read(string? stored)
    {
        try
        {
            return stored is null ? null : JsonSerializer.Deserialize<EnvironmentReport>(stored, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public string Write() => JsonSerializer.Serialize(this, Json);
}

/// <summary>A device as the worker names it.</summary>
/// <param name="Kind"><c>cpu</c>, <c>cuda</c>, <c>mps</c> …</param>
/// <param name="Name">What its maker calls it.</param>
/// <param name="MemoryBytes">Null where it does not say.</param>
internal sealed record EnvironmentDevice(string Kind, string? Name, long? MemoryBytes);
