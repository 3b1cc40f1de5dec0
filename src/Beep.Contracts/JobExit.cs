using System.Text.Json;
using System.Text.Json.Serialization;

namespace Beep.Contracts;

/// <summary>How a run ended, in one word.</summary>
public enum JobStatus
{
    /// <summary>The artifacts are there.</summary>
    [JsonStringEnumMemberName("succeeded")] Succeeded = 1,

    /// <summary>Stopped on request with a checkpoint.</summary>
    [JsonStringEnumMemberName("cancelled")] Cancelled = 2,

    /// <summary>Stopped by a fault.</summary>
    [JsonStringEnumMemberName("failed")] Failed = 3,
}

/// <summary><c>exit.json</c>: written last and atomically, so that its presence means that the run is over.</summary>
public sealed record JobExit
{
    /// <summary>The major version of the file.</summary>
    public int Version { get; init; } = JobSpec.CurrentVersion;

    /// <summary>How it ended.</summary>
    public required JobStatus Status { get; init; }

    /// <summary>The worker's exit code, as a number.</summary>
    [JsonConverter(typeof(JsonNumberEnumConverter<WorkerExitCode>))]
    public required WorkerExitCode ExitCode { get; init; }

    /// <summary>A stable code where it failed or was cancelled; null where it succeeded.</summary>
    public string? Code { get; init; }

    /// <summary>What ended it; null where it succeeded.</summary>
    public string? Message { get; init; }

    /// <summary>What to do about it.</summary>
    public string? Remedy { get; init; }

    /// <summary>When this worker started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>The figures of the run; null where it failed before the first step.</summary>
    public JobSummary? Summary { get; init; }

    /// <summary>Writes the file atomically.</summary>
    public void Write(JobFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        DurableFile.Write(folder.Exit, JsonSerializer.SerializeToUtf8Bytes(this, ContractJson.Indented.JobExit));
    }

    /// <summary>Reads the file; null where there is none, which means that the run is not over or was killed.</summary>
    /// <exception cref="FaultException">The file is damaged or of a later major version.</exception>
    public static JobExit? Read(JobFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!File.Exists(folder.Exit))
        {
            return null;
        }

        try
        {
            var exit = JsonSerializer.Deserialize(File.ReadAllBytes(folder.Exit), ContractJson.Indented.JobExit)
                ?? throw new JsonException("the file holds null");
            return exit.Version <= JobSpec.CurrentVersion
                ? exit
                : throw FaultException.Invalid("unknown_version", $"exit.json is of version {exit.Version}; this program reads up to {JobSpec.CurrentVersion}.", "Update the program.", folder.Exit);
        }
        catch (JsonException error)
        {
            throw FaultException.Invalid("bad_json", $"exit.json cannot be read: {error.Message}", "Restore the file or delete it and resume the job.", folder.Exit, error);
        }
    }
}

/// <summary>The figures of a finished run.</summary>
/// <param name="Steps">Optimizer steps done, those before a resume included.</param>
/// <param name="Epochs">How often every row was visited.</param>
/// <param name="Tokens">Tokens trained on, padding left out.</param>
/// <param name="Seconds">Wall time of this worker.</param>
/// <param name="TrainLoss">The loss of the last step.</param>
/// <param name="FirstEvaluationLoss">The held-out loss before the first step.</param>
/// <param name="LastEvaluationLoss">The held-out loss after the last.</param>
/// <param name="PeakMemoryBytes">The largest resident memory of the worker, or of the device where one was used.</param>
/// <param name="LastCheckpoint">The newest complete checkpoint, relative to the job folder.</param>
public sealed record JobSummary(
    int Steps,
    double Epochs,
    long Tokens,
    double Seconds,
    double? TrainLoss = null,
    double? FirstEvaluationLoss = null,
    double? LastEvaluationLoss = null,
    long? PeakMemoryBytes = null,
    string? LastCheckpoint = null);
