namespace Beep.Host.Jobs.Placing;

/// <summary>
/// How the engines of containers find their daemon and their store: variables of the server that they get, and their containers do not.
/// </summary>
internal static class EngineEnvironment
{
    private static readonly string[] Names =
    [
        "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF",
        "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "APPTAINER_CACHEDIR", "APPTAINER_TMPDIR",
    ];

    /// <summary>Whether a variable is the engine's, so that no container may be given another.</summary>
    public static bool IsOne(string name) => Names.Contains(name, StringComparer.Ordinal);

    /// <summary>Variables, and those of the engines.</summary>
    /// <param name="others">What is added besides.</param>
    /// <param name="variable">The server's own environment.</param>
    public static IReadOnlyDictionary<string, string> With(IReadOnlyDictionary<string, string> others, Func<string, string?> variable)
    {
        var all = new Dictionary<string, string>(others, StringComparer.Ordinal);
        foreach (var name in Names)
        {
            if (variable(name) is { } value)
            {
                all[name] = value;
            }
        }

        return all;
    }
}
