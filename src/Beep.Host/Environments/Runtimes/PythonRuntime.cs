namespace Beep.Host.Environments.Runtimes;

/// <summary>A Python that is installed on this machine and answers.</summary>
internal sealed record PythonRuntime
{
    /// <summary>The oldest version that the worker and its libraries run on.</summary>
    public static readonly Version Least = new(3, 10);

    /// <summary>Stable as long as it stays where it is: made from the path.</summary>
    public required string Id { get; init; }

    /// <summary>Its interpreter, absolute.</summary>
    public required string Path { get; init; }

    public required RuntimeSource Source { get; init; }

    /// <summary>As it says itself: <c>3.12.4</c>.</summary>
    public required string Version { get; init; }

    /// <summary><c>cpython</c>, <c>pypy</c> …</summary>
    public required string Implementation { get; init; }

    /// <summary>As Python calls it: <c>x86_64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Of its pointers: 64 or 32.</summary>
    public required int Bits { get; init; }

    public required bool HasVenv { get; init; }

    /// <summary>Whether it brings pip for what is made from it.</summary>
    public required bool HasEnsurePip { get; init; }

    /// <summary>Whether it belongs to an environment itself, of venv or conda.</summary>
    public required bool IsEnvironment { get; init; }

    /// <summary>Why no environment can be made from it; null when one can.</summary>
    public string? Problem { get; init; }
}

/// <summary>How a runtime was found.</summary>
internal enum RuntimeSource
{
    /// <summary>A folder of PATH.</summary>
    Path = 1,

    /// <summary>Where the system installs Python.</summary>
    System = 2,
    Pyenv = 3,
    Conda = 4,

    /// <summary>One that uv installed.</summary>
    Uv = 5,

    /// <summary>The launcher <c>py</c> of Windows knows it.</summary>
    Launcher = 6,

    /// <summary>It came with the program.</summary>
    Embedded = 7,

    /// <summary>Somebody named it.</summary>
    Named = 8,
}
