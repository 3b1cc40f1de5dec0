namespace Beep.Host.Environments;

/// <summary>A package that an interpreter can import from.</summary>
/// <param name="Name">As its maker writes it.</param>
/// <param name="Version">The version.</param>
/// <param name="Summary">What it is, in its maker's words.</param>
internal sealed record InstalledPackage(string Name, string Version, string? Summary);

/// <summary>How a package differs from what it was when it was installed.</summary>
/// <param name="Name">Normalised.</param>
/// <param name="Version">What it says it is.</param>
/// <param name="Damaged">How many of its files are gone or others.</param>
internal sealed record CheckedPackage(string Name, string Version, int Damaged);
