using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Beep.Host.OpenAi;

/// <summary>A part of a list, as OpenAI's clients page: the next part begins after the id of the last item.</summary>
internal sealed record ListView<T>(IReadOnlyList<T> Data, bool HasMore)
{
    public string Object { get; } = "list";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FirstId { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LastId { get; init; }
}

/// <summary>Models come all at once.</summary>
internal sealed record ModelListView(IReadOnlyList<OpenAiModelView> Data)
{
    public string Object { get; } = "list";
}

/// <summary>A file.</summary>
internal sealed record FileView
{
    public required string Id { get; init; }

    public string Object { get; } = "file";

    public required long Bytes { get; init; }

    /// <summary>In seconds of Unix, as all instants here.</summary>
    public required long CreatedAt { get; init; }

    public required string Filename { get; init; }

    public required string Purpose { get; init; }

    /// <summary><c>uploaded</c> while its rows are read, then <c>processed</c> or <c>error</c>.</summary>
    public required string Status { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? StatusDetails { get; init; }
}

/// <summary>A fine-tune.</summary>
internal sealed record TuningJobView
{
    public required string Id { get; init; }

    public string Object { get; } = "fine_tuning.job";

    public required long CreatedAt { get; init; }

    public TuningErrorView? Error { get; init; }

    public string? FineTunedModel { get; init; }

    public long? FinishedAt { get; init; }

    public required JsonObject Hyperparameters { get; init; }

    public required string Model { get; init; }

    public string OrganizationId { get; } = OpenAiIds.OrganisationId;

    public required IReadOnlyList<string> ResultFiles { get; init; }

    public required int Seed { get; init; }

    public required string Status { get; init; }

    public long? TrainedTokens { get; init; }

    public required string TrainingFile { get; init; }

    public string? ValidationFile { get; init; }

    /// <summary>Never said: clients wait until then, and one whose clock is ahead would wait for a time that is over.</summary>
    public long? EstimatedFinish { get; init; }

    public IReadOnlyList<JsonObject> Integrations { get; } = [];

    public required JsonObject Method { get; init; }

    public JsonNode? Metadata { get; init; }

    public string? UserProvidedSuffix { get; init; }
}

/// <summary>Why a fine-tune failed.</summary>
internal sealed record TuningErrorView(string Code, string Message, string? Param = null);

/// <summary>Something that happened to a fine-tune.</summary>
internal sealed record TuningEventView
{
    public required string Id { get; init; }

    public string Object { get; } = "fine_tuning.job.event";

    public required long CreatedAt { get; init; }

    public required string Level { get; init; }

    public required string Message { get; init; }

    /// <summary><c>message</c> or <c>metrics</c>.</summary>
    public required string Type { get; init; }

    public required JsonObject Data { get; init; }
}

/// <summary>A checkpoint.</summary>
internal sealed record TuningCheckpointView
{
    public required string Id { get; init; }

    public string Object { get; } = "fine_tuning.job.checkpoint";

    public required long CreatedAt { get; init; }

    public required int StepNumber { get; init; }

    public required string FineTunedModelCheckpoint { get; init; }

    public required string FineTuningJobId { get; init; }

    public required JsonObject Metrics { get; init; }
}

/// <summary>A model.</summary>
internal sealed record OpenAiModelView(string Id, long Created, string OwnedBy)
{
    public string Object { get; } = "model";
}

/// <summary>That something was deleted.</summary>
internal sealed record DeletedView(string Id, string Object, bool Deleted = true);
