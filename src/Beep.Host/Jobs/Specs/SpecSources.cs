namespace Beep.Host.Jobs.Specs;

/// <summary>Where a spec's fields come from, as the user named them; null means not named.</summary>
internal sealed record SpecSources
{
    public string? Model { get; init; }

    public string? Data { get; init; }

    public string? Validation { get; init; }

    public string? Preset { get; init; }

    public string? SpecFile { get; init; }

    public string? Backend { get; init; }

    /// <summary><c>KEY=VALUE</c>, in the order given.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Whether nothing was named, so that an existing job is meant as it stands.</summary>
    public bool IsEmpty =>
        Model is null && Data is null && Validation is null && Preset is null && SpecFile is null && Backend is null && Settings.Count == 0;
}
