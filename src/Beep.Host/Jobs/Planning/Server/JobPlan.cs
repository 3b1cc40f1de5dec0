using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Queueing;

namespace Beep.Host.Jobs.Planning.Server;

/// <summary>What a job would take and what stands in its way. It is kept with the job.</summary>
internal sealed record JobPlan
{
    /// <summary>Whether no problem stops it.</summary>
    public required bool CanStart { get; init; }

    /// <summary>All of them, errors first.</summary>
    public required IReadOnlyList<JobProblem> Problems { get; init; }

    /// <summary>The spec with ids in the place of paths; null while it cannot be made.</summary>
    public JsonObject? Spec { get; init; }

    public PlannedModel? Model { get; init; }

    public PlannedData? Data { get; init; }

    public PlannedData? Validation { get; init; }

    public PlannedWork? Work { get; init; }

    public PlannedMemory? Memory { get; init; }

    public PlannedDisk? Disk { get; init; }

    /// <summary>Where it would run, with every choice made.</summary>
    public Placement? Placement { get; init; }

    /// <summary>Where it would stand in the queue now.</summary>
    public QueuePlace? Queue { get; init; }

    /// <summary>How much memory a stored plan says that the run takes; null where it says nothing.</summary>
    public static long? MemoryIn(string? plan)
    {
        using var document = plan is null ? null : JsonDocument.Parse(plan);
        return document is not null && document.RootElement.TryGetProperty("memory", out var memory) && memory.ValueKind == JsonValueKind.Object && memory.TryGetProperty("total_bytes", out var bytes) && bytes.TryGetInt64(out var found) ? found : null;
    }
}

/// <summary>A problem as callers see it.</summary>
/// <param name="Severity"><c>error</c> or <c>warning</c>.</param>
/// <param name="Field">Where it is, by the path of a field; null where it is in none.</param>
/// <param name="Fix">One value that mends it; null where none does.</param>
internal sealed record JobProblem(string Severity, string Code, string Message, string Remedy, string? Field, PlanFix? Fix)
{
    public const string Error = "error";

    public bool IsError => Severity == Error;
}

/// <param name="Sha256">Of the model as it was registered: a job is reproduced with the same or not at all.</param>
internal sealed record PlannedModel(string Id, string Name, long? Parameters, long? TrainableParameters, string? Sha256, int? ContextLength);

/// <param name="Rows">How many rows there are.</param>
/// <param name="Tokens">What is read of them, after cutting.</param>
/// <param name="TrainableTokens">On which loss is taken.</param>
/// <param name="MaskedShare">The share of the tokens on which none is.</param>
/// <param name="Overlong">Rows longer than the longest allowed, and what becomes of them.</param>
/// <param name="OverlongPolicy"><c>fail</c>, <c>truncate</c> or <c>drop</c>.</param>
/// <param name="TokensCut">Tokens that cutting would lose.</param>
/// <param name="Untrainable">Rows with nothing to learn.</param>
/// <param name="LongestRow">In tokens.</param>
/// <param name="SampledShare">The part of the file that was read for these figures; 1 for all of it.</param>
internal sealed record PlannedData(
    long Rows, long Tokens, long TrainableTokens, double MaskedShare, long Overlong, string OverlongPolicy, long TokensCut, long Untrainable, int LongestRow, double SampledShare);

/// <param name="Seconds">The best guess; it may be half as much or twice as much.</param>
/// <param name="Operations">Floating-point operations of the whole run.</param>
internal sealed record PlannedWork(long Steps, double Epochs, double? Seconds, double? SecondsLow, double? SecondsHigh, double Operations);

/// <param name="Device">What has to hold it.</param>
/// <param name="DeviceBytes">How much that has; null where nobody knows.</param>
/// <param name="FreeBytes">How much of it is free now; null where the system does not tell.</param>
/// <param name="EstimatedBytes">The total before past runs corrected it.</param>
/// <param name="PastRuns">How many past runs on this device corrected it.</param>
internal sealed record PlannedMemory(long TotalBytes, IReadOnlyList<MemoryPart> Parts, string Device, long? DeviceBytes, long? FreeBytes, bool Fits, long EstimatedBytes, int PastRuns);

internal sealed record MemoryPart(string Name, long Bytes);

internal sealed record PlannedDisk(long NeededBytes, long? FreeBytes);
