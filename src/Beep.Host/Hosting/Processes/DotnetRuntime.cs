using System.Runtime.InteropServices;

namespace Beep.Host.Hosting.Processes;

/// <summary>The .NET installation that runs this program, so that workers run on the same one wherever it lies.</summary>
internal static class DotnetRuntime
{
    /// <summary>The installation's folder: three above <c>shared/Microsoft.NETCore.App/&lt;version&gt;</c>.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    /// <summary>Its <c>dotnet</c>.</summary>
    public static string Executable { get; } = Path.Combine(Root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");

    /// <summary>Whether there is one: false when the program carries its own runtime.</summary>
    public static bool IsShared => File.Exists(Executable);
}
