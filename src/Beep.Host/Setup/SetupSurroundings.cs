using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Setup;

/// <summary>What a setup begins with.</summary>
/// <param name="Options">The settings before it.</param>
/// <param name="Variable">The environment.</param>
internal sealed record SetupSurroundings(HostOptions Options, Func<string, string?> Variable)
{
    public HostPaths Paths => Options.Paths;
}
