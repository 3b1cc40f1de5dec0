namespace Beep.Host.Models.Hub;

/// <summary>How patient and how eager downloads are; registered before the feature, it is kept.</summary>
internal sealed record HubOptions
{
    /// <summary>How many files come at a time.</summary>
    public int Parallel { get; init; } = 4;

    /// <summary>How often one thing is tried while nothing comes of it.</summary>
    public int Tries { get; init; } = 6;

    /// <summary>Before the second try; doubled before each further one.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait, also where the hub asks for a longer one.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the hub may say nothing.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(45);
}
