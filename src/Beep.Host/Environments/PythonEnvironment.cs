using Beep.Host.Environments.Stored;

namespace Beep.Host.Environments;

/// <summary>An environment as a job sees it.</summary>
/// <param name="Name">What jobs call it.</param>
/// <param name="PythonPath">Its interpreter, absolute.</param>
/// <param name="State">Only a ready one runs jobs.</param>
/// <param name="Methods">Each method of training that its last check tried; null where it can run, else why it cannot.</param>
internal sealed record PythonEnvironment(string Name, string PythonPath, EnvironmentState State, IReadOnlyDictionary<string, string?> Methods)
{
    /// <summary>What its last check could train on.</summary>
    public IReadOnlyList<EnvironmentDevice> Devices { get; init; } = [];

    /// <summary>The libraries that training needs, with their versions; null where one cannot be imported.</summary>
    public IReadOnlyDictionary<string, string?> Libraries { get; init; } = new Dictionary<string, string?>();

    /// <summary>Whether the host made it; its interpreter then sees none of the packages that its user has elsewhere.</summary>
    public bool IsCreatedHere { get; init; }

    public string? PythonVersion { get; init; }
}
