namespace Beep.Host.Models.Hub;

/// <summary>A file at the hub.</summary>
/// <param name="Name">As it is called in the repository; no path.</param>
/// <param name="Bytes">How large it is.</param>
/// <param name="Sha256">Of files that the hub keeps outside git.</param>
/// <param name="BlobSha1">Of the others: git's own, over <c>blob &lt;bytes&gt;\0</c> and the content.</param>
internal sealed record HubFile(string Name, long Bytes, string? Sha256, string? BlobSha1);

/// <summary>What the hub says about a model.</summary>
internal sealed record HubRepository
{
    public required string Name { get; init; }

    /// <summary>What the revision that was asked for is now: 40 hexadecimal digits.</summary>
    public required string Commit { get; init; }

    /// <summary>Whether its terms must be accepted at the hub.</summary>
    public required bool IsGated { get; init; }

    public required bool IsPrivate { get; init; }

    public string? License { get; init; }

    public string? LicenseLink { get; init; }

    /// <summary>From its configuration: <c>llama</c>.</summary>
    public string? Architecture { get; init; }

    public long? Parameters { get; init; }

    /// <summary>What the card says that it was made from.</summary>
    public string? BaseModel { get; init; }

    /// <summary>All that lies at its top.</summary>
    public required IReadOnlyList<HubFile> Files { get; init; }

    public bool IsAdapter => Files.Any(file => file.Name == ModelFiles.AdapterConfig);
}

/// <summary>What is to be brought: nothing that is not needed to use or fine-tune the model.</summary>
internal sealed record HubPlan(string Repository, string Commit, IReadOnlyList<HubFile> Files)
{
    public long Bytes => Files.Sum(file => file.Bytes);
}
