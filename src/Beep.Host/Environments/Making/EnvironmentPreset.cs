using System.Text;
using Beep.Contracts;

namespace Beep.Host.Environments.Making;

/// <summary>What an environment can be made of: a file of pinned requirements that ships beside the Python worker.</summary>
/// <param name="Name">What requests call it.</param>
/// <param name="Title">What people read.</param>
/// <param name="File">Under <c>requirements</c> in the worker's folder.</param>
internal sealed record EnvironmentPreset(string Name, string Title, string File)
{
    private const string Folder = "requirements";

    /// <summary>The newest Python that every pinned package is made for.</summary>
    public required Version MostPython { get; init; }

    /// <summary>About so much of the disk it takes, in bytes, from the usual index.</summary>
    public required long Bytes { get; init; }

    /// <summary>Asked beside the usual index of Python, where no other index is named: it has what the usual one has not.</summary>
    public Uri? ExtraIndex { get; init; }

    public static IReadOnlyList<EnvironmentPreset> All { get; } =
    [
        new("transformers-cpu", "Transformers and PEFT, on the processor", "cpu.txt") { MostPython = new Version(3, 13), Bytes = 1_800_000_000, ExtraIndex = new Uri("https://download.pytorch.org/whl/cpu") },
        new("transformers-cuda", "Transformers, PEFT and QLoRA, on NVIDIA GPUs", "cuda.txt") { MostPython = new Version(3, 13), Bytes = 8_500_000_000 },
    ];

    public static EnvironmentPreset? Find(string? name) => All.FirstOrDefault(preset => preset.Name == name);

    /// <summary>Whether every pinned package is made for this Python.</summary>
    public bool Fits(string python) => Version.TryParse(python, out var version) && new Version(version.Major, version.Minor) <= MostPython;

    /// <summary>The requirements as they ship.</summary>
    /// <exception cref="FaultException">They are not there.</exception>
    public string Read(PythonWorker worker)
    {
        var path = Path.Combine(worker.Folder, Folder, File);
        return System.IO.File.Exists(path)
            ? System.IO.File.ReadAllText(path, Encoding.UTF8)
            : throw FaultException.Failed("requirements_missing", $"The requirements '{path}' are not there.", "Unpack the product again, whole.", path);
    }
}
