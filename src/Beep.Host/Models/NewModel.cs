namespace Beep.Host.Models;

/// <summary>What becomes of the folder that a model is registered from; the model's own is <c>models/publisher/name</c> in the home.</summary>
internal enum ModelPlacement
{
    /// <summary>Its model files are copied.</summary>
    Copy = 1,

    /// <summary>It becomes the model's own, where it lies on the same disk: nothing is written twice.</summary>
    Move = 2,

    /// <summary>It stays where it is and is never removed with the model.</summary>
    Keep = 3,
}

/// <summary>A model that is wanted in the registry.</summary>
internal sealed record NewModel
{
    /// <summary><c>publisher/name</c>, not taken yet; <see cref="ModelName.Part"/> makes a part from any text.</summary>
    public required string Name { get; init; }

    public required ModelKind Kind { get; init; }

    public ModelOrigin Origin { get; init; } = ModelOrigin.Trained;

    /// <summary>The public id of the model that it was made from.</summary>
    public string? BaseId { get; init; }

    public string? JobId { get; init; }

    public string? DatasetId { get; init; }

    public int? DatasetVersion { get; init; }

    /// <summary>Null for what the command line adds.</summary>
    public long? OwnerId { get; init; }

    /// <summary>Where its own folder is not to be the model's: absolute.</summary>
    public string? KeptFolder { get; init; }

    /// <summary>Known before there are files to read it from.</summary>
    public string? License { get; init; }

    public long? Bytes { get; init; }
}
