using System.Text.Json.Serialization;

namespace Beep.Host.Jobs.Backends;

/// <summary>How a registered worker is started. What stands in braces is filled in: <c>{job}</c> is the job folder.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record BackendDefinition
{
    public const string Podman = "podman";
    public const string Docker = "docker";
    public const string Apptainer = "apptainer";

    public static readonly IReadOnlyList<string> Engines = [Podman, Docker, Apptainer];

    /// <summary>The program by its absolute path. With an <see cref="Engine"/>: where that is, null to look for it on the PATH.</summary>
    public string? Program { get; init; }

    /// <summary><c>podman</c>, <c>docker</c> or <c>apptainer</c>, which runs <see cref="Image"/>; null for a program of this machine.</summary>
    public string? Engine { get; init; }

    /// <summary>An image that the engine has, by name or digest; for Apptainer the path of a .sif file or of an unpacked image. It is never pulled.</summary>
    public string? Image { get; init; }

    /// <summary>What the program, or the image, is given.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = ["train", "{job}"];

    /// <summary>More options of the engine, before the image.</summary>
    public IReadOnlyList<string> EngineOptions { get; init; } = [];

    /// <summary>Folders that the container sees besides those of the job.</summary>
    public IReadOnlyList<BackendMount> Mounts { get; init; } = [];

    /// <summary>Variables with their values.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Variables of the server that are passed on, by name.</summary>
    public IReadOnlyList<string> PassEnvironment { get; init; } = [];

    /// <summary>The most memory of the container, in MiB; null for no limit.</summary>
    public int? MemoryMib { get; init; }

    /// <summary>The most processors of the container; null for no limit.</summary>
    public double? Cpus { get; init; }

    /// <summary>How many GPUs a job gets that does not say; 0 for none.</summary>
    public int Gpus { get; init; }

    /// <summary>Whether the container has a network.</summary>
    public bool Network { get; init; }
}

/// <param name="Source">On this machine.</param>
/// <param name="Target">In the container.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record BackendMount(string Source, string Target, bool ReadOnly = true);
