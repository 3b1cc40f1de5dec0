using System.Collections;

namespace Beep.Host.Hosting.Processes;

/// <summary>
/// What a worker may know of the host's environment: what it needs to run and to compute, by name. Everything else, tokens and
/// passwords among it, stays with the host.
/// </summary>
internal static class WorkerEnvironment
{
    private static readonly HashSet<string> Names = new(OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal)
    {
        "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "NO_COLOR", "TMPDIR", "TEMP", "TMP",
        "USERPROFILE", "SystemRoot", "SystemDrive", "LOCALAPPDATA", "APPDATA", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE",
        "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
    };

    private static readonly string[] Prefixes = ["DOTNET_", "BEEP_", "OMP_", "KMP_", "GOMP_", "MKL_", "ATEN_", "DNNL_", "ONEDNN_", "NVIDIA_"];

    private static readonly string[] SecretEndings = ["_TOKEN", "_SECRET", "_KEY", "_PASSWORD", "_FILE"];

    // They load code into, or open doors of, every process that sees them.
    private static readonly HashSet<string> Refused = new(StringComparer.Ordinal) { "DOTNET_STARTUP_HOOKS", "DOTNET_ADDITIONAL_DEPS" };

    // What the program sets itself, and its own secrets, which no worker gets.
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        ProcessGroup.Variable, "CUDA_VISIBLE_DEVICES", "SECRET_KEY", "DATABASE_URL", "IDENTITYSERVER_CLIENT_SECRET", "HF_TOKEN",
    };

    /// <summary>Whether nobody may set or pass on a variable for a worker.</summary>
    public static bool IsReserved(string name) => Reserved.Contains(name) || Reserved.Contains(name.Replace("_FILE", "", StringComparison.OrdinalIgnoreCase));

    /// <summary>Replaces the content of <paramref name="target"/> by what of <paramref name="source"/> a worker may know.</summary>
    public static void Fill(IDictionary<string, string?> target, IDictionary source)
    {
        target.Clear();
        foreach (DictionaryEntry entry in source)
        {
            if (entry.Key is string name && entry.Value is string value && IsAllowed(name))
            {
                target[name] = value;
            }
        }

        if (DotnetRuntime.IsShared)
        {
            target["DOTNET_ROOT"] = DotnetRuntime.Root;
        }

        target["DOTNET_NOLOGO"] = "1";
    }

    private static bool IsAllowed(string name) =>
        !Refused.Contains(name)
        && !SecretEndings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
        && (Names.Contains(name) || Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)));
}
