namespace Beep.Host.Settings;

/// <summary>Where the value of a setting comes from.</summary>
internal enum SettingSource
{
    Default = 1,
    File = 2,
    Environment = 3,
}

/// <summary>A setting as it is shown.</summary>
internal sealed record SettingView
{
    public required string Name { get; init; }

    /// <summary>As it will hold after a restart; null where none is set and for secrets.</summary>
    public string? Value { get; init; }

    public required bool IsSet { get; init; }

    public required bool IsSecret { get; init; }

    public required SettingSource Source { get; init; }

    /// <summary>Whether it can be changed here: the environment does not say it, and no wrong value of it could lock everybody out.</summary>
    public required bool IsEditable { get; init; }

    /// <summary>Whether the running server has another value.</summary>
    public required bool NeedsRestart { get; init; }
}
