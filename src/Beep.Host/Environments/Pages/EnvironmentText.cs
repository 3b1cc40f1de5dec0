using Beep.Host.Environments.Api;
using Beep.Host.Environments.Making;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Environments.Stored;

namespace Beep.Host.Environments.Pages;

/// <summary>Environments in words.</summary>
internal static class EnvironmentText
{
    /// <summary>How often a page looks how far the work on one is.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public static string State(EnvironmentView environment) => environment.State switch
    {
        EnvironmentState.Preparing => "being prepared",
        EnvironmentState.Ready => environment.Progress is null ? "ready" : "being verified",
        EnvironmentState.Failed => "not made",
        EnvironmentState.Broken => environment.Progress is null ? "does not work" : "being verified",
        EnvironmentState.Removing => "being removed",
    };

    public static string Badge(EnvironmentView environment) => environment.Progress is not null ? "busy" : environment.State switch
    {
        EnvironmentState.Preparing or EnvironmentState.Removing => "busy",
        EnvironmentState.Ready => "good",
        EnvironmentState.Failed or EnvironmentState.Broken => "bad",
    };

    /// <summary>Lora, full.</summary>
    public static string Runs(EnvironmentView environment) =>
        environment is { State: EnvironmentState.Ready, Report: { } report } && report.Methods.Where(method => method.Value is null).Select(method => method.Key).ToList() is { Count: > 0 } methods
            ? string.Join(", ", methods)
            : "—";

    public static string Kind(EnvironmentView environment) => environment.Origin == EnvironmentOrigin.Registered ? "registered" : environment.Preset ?? "—";

    public static string Source(RuntimeSource source) => source switch
    {
        RuntimeSource.Path => "on PATH",
        RuntimeSource.System => "of the system",
        RuntimeSource.Pyenv => "of pyenv",
        RuntimeSource.Conda => "of conda",
        RuntimeSource.Uv => "of uv",
        RuntimeSource.Launcher => "of the launcher",
        RuntimeSource.Embedded => "came with the program",
        RuntimeSource.Named => "named",
    };

    public static string Runtime(PythonRuntime runtime) => $"Python {runtime.Version} · {runtime.Path}";

    /// <summary>Whether an environment of a preset can be made from it.</summary>
    public static bool Fits(PythonRuntime runtime, string preset) => runtime.Problem is null && EnvironmentPreset.Find(preset)?.Fits(runtime.Version) == true;
}
