using System.Text.Json.Nodes;

namespace Beep.Host.Tasks;

/// <summary>Work that is wanted.</summary>
/// <param name="Kind">Which handler does it.</param>
/// <param name="Name">What people know it by.</param>
internal sealed record NewTask(string Kind, string Name)
{
    /// <summary>Null: the host itself wants it.</summary>
    public long? OwnerId { get; init; }

    public JsonObject? Input { get; init; }

    /// <summary>Null: what the handler says.</summary>
    public string? ResourceClass { get; init; }

    public string? CorrelationId { get; init; }
}
