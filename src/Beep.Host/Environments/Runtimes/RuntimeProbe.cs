using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Beep.Contracts;

namespace Beep.Host.Environments.Runtimes;

/// <summary>Asks an interpreter what it is, with nothing of its user's own loaded.</summary>
internal static class RuntimeProbe
{
    // Runs on any Python 3, so that one that is too old can say so.
    private const string Script = """
        import importlib.util, json, os, platform, struct, sys
        found = lambda name: importlib.util.find_spec(name) is not None
        print("\n" + json.dumps({
            "version": "%d.%d.%d" % sys.version_info[:3],
            "implementation": sys.implementation.name,
            "executable": sys.executable,
            "architecture": platform.machine(),
            "bits": struct.calcsize("P") * 8,
            "venv": found("venv"),
            "ensurepip": found("ensurepip"),
            "environment": sys.prefix != sys.base_prefix or os.path.isdir(os.path.join(sys.prefix, "conda-meta")),
        }))
        """;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { MaxDepth = 4 };

    /// <summary>The runtime, or why it is none.</summary>
    public static async Task<(PythonRuntime? Runtime, string? Problem)> AskAsync(string path, RuntimeSource source, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        InterpreterAnswer answer;
        try
        {
            answer = await Interpreter.AskAsync(new InterpreterQuestion(path, "-I", "-c", Script) { Limit = limit }, time, cancellationToken).ConfigureAwait(false);
        }
        catch (FaultException fault)
        {
            return (null, fault.Faults[0].Message);
        }

        if (answer.ExitCode != 0)
        {
            return (null, $"'{path}' {answer.Describe()}.");
        }

        return Read(answer.Output) is { Version: { } version, Implementation: { } implementation, Architecture: { } architecture } said && Version.TryParse(version, out var number)
            ? (Of(path, source, said, version, implementation, architecture, number), null)
            : (null, $"'{path}' does not answer as Python does.");
    }

    /// <summary>The same for the same place, on every start.</summary>
    public static string IdOf(string path) => $"py-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..12]}";

    private static PythonRuntime Of(string path, RuntimeSource source, Said said, string version, string implementation, string architecture, Version number)
    {
        // A shim starts another program, and that one is meant.
        var executable = said.Executable is { Length: > 0 } told && Path.IsPathFullyQualified(told) && File.Exists(told) ? told : path;
        return new PythonRuntime
        {
            Id = IdOf(executable),
            Path = executable,
            Source = source,
            Version = version,
            Implementation = implementation,
            Architecture = architecture,
            Bits = said.Bits,
            HasVenv = said.Venv,
            HasEnsurePip = said.Ensurepip,
            IsEnvironment = said.Environment,
            Problem = number < PythonRuntime.Least ? $"Python {version} is older than {PythonRuntime.Least}."
                : implementation != "cpython" ? $"The libraries are made for CPython, and this is {implementation}."
                : said.Bits != 64 ? "The libraries are made for 64 bits, and this has 32."
                : !said.Venv || !said.Ensurepip ? $"It lacks {(said.Venv ? "ensurepip" : "venv")}: install the package python3-venv."
                : null,
        };
    }

    private static Said? Read(string output)
    {
        try
        {
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() is { } line && line.StartsWith('{')
                ? JsonSerializer.Deserialize<Said>(line, Json)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Said(string? Version, string? Implementation, string? Executable, string? Architecture, int Bits, bool Venv, bool Ensurepip, bool Environment);
}
