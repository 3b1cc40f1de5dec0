using System.Text.Json;
using System.Text.Json.Serialization;
using Beep.Host.Jobs.Api;

namespace Beep.Host.Jobs.Backends;

/// <summary>A registered worker.</summary>
internal sealed record BackendView
{
    public required string Name { get; init; }

    public string? Description { get; init; }

    public required bool IsEnabled { get; init; }

    /// <summary>How many GPUs a job gets that does not say.</summary>
    public required int Gpus { get; init; }

    /// <summary>How it is started; null for who may not see what the machine looks like.</summary>
    public BackendDefinition? Definition { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public static BackendView Of(CustomBackend backend, bool isWhole)
    {
        var definition = ReadDefinition(backend);
        return new BackendView
        {
            Name = backend.Name,
            Description = backend.Description,
            IsEnabled = backend.IsEnabled,
            Gpus = definition.Gpus,
            Definition = isWhole ? definition : null,
            UpdatedAt = backend.UpdatedAt,
        };
    }

    public static BackendDefinition ReadDefinition(CustomBackend backend) => JsonSerializer.Deserialize<BackendDefinition>(backend.Definition, JobJson.Options)!;
}

/// <summary>A worker as it is to be registered.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record BackendChange
{
    public string? Description { get; init; }

    /// <summary>Whether jobs may name it.</summary>
    public bool IsEnabled { get; init; } = true;

    public required BackendDefinition Definition { get; init; }
}
