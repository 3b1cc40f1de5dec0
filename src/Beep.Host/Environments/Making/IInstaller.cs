namespace Beep.Host.Environments.Making;

/// <summary>Where an installer works.</summary>
/// <param name="Folder">The environment's folder, whole or still being made.</param>
/// <param name="Scratch">A folder for what it keeps meanwhile, removed afterwards.</param>
/// <param name="Source">Where packages come from.</param>
internal sealed record InstallPlace(EnvironmentFolder Folder, string Scratch, PackageSource Source);

/// <summary>What makes virtual environments and puts packages into them: pip or uv. Only wheels are installed: nothing is built, so nothing of a package runs.</summary>
internal interface IInstaller
{
    /// <summary>With its version.</summary>
    string Name { get; }

    /// <summary>Makes an environment of an interpreter, without packages.</summary>
    Task MakeAsync(EnvironmentSteps steps, InstallPlace place, string basePython, CancellationToken cancellationToken);

    /// <summary>Sees that an environment that is there, and that another installer may have made, can be worked on.</summary>
    Task PrepareAsync(EnvironmentSteps steps, InstallPlace place, CancellationToken cancellationToken);

    /// <summary>Finds out which packages the requirements come to, with their hashes.</summary>
    Task<LockFile> LockAsync(EnvironmentSteps steps, InstallPlace place, string requirements, CancellationToken cancellationToken);

    /// <summary>Installs what a lock names, each file held against its hashes; what is there already is replaced.</summary>
    /// <param name="steps">Of the run.</param>
    /// <param name="place">Where.</param>
    /// <param name="lockFile">The file with the packages.</param>
    /// <param name="done">How much is done, 0 to 1.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task InstallAsync(EnvironmentSteps steps, InstallPlace place, string lockFile, Func<double> done, CancellationToken cancellationToken);

    /// <summary>Takes packages away.</summary>
    Task UninstallAsync(EnvironmentSteps steps, InstallPlace place, IReadOnlyList<string> names, CancellationToken cancellationToken);

    /// <summary>Whether the packages that are installed are those that they need of each other.</summary>
    Task CheckAsync(EnvironmentSteps steps, InstallPlace place, CancellationToken cancellationToken);
}
