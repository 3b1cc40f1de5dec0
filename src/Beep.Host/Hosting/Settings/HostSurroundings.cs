namespace Beep.Host.Hosting.Settings;

/// <summary>What settings come from and are held against; a test hands in its own.</summary>
internal sealed record HostSurroundings
{
    public required Func<string, string?> Variable { get; init; }

    public Version Runtime { get; init; } = Environment.Version;
}
