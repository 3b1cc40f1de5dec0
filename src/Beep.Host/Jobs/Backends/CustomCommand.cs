using System.Globalization;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Jobs.Backends;

/// <summary>
/// Composes the command of a registered worker. A container sees the folders that its spec names, at the same paths, and only its job
/// folder to write in; it has no network, no capabilities and no image is pulled, unless the definition says otherwise.
/// </summary>
internal static class CustomCommand
{
    private const string JobPlace = "{job}";
    private const int MostProcesses = 4096;

    /// <summary>The command of a job.</summary>
    /// <param name="definition">What was registered.</param>
    /// <param name="spec">What is to be run.</param>
    /// <param name="folder">The job folder.</param>
    /// <param name="usesGpus">Whether the job gets GPUs; which ones, CUDA_VISIBLE_DEVICES says.</param>
    /// <param name="variable">The server's own environment.</param>
    /// <exception cref="FaultException">The program or the engine is not there any more.</exception>
    public static WorkerCommand For(BackendDefinition definition, JobSpec spec, JobFolder folder, bool usesGpus, Func<string, string?> variable)
    {
        var arguments = definition.Arguments.Select(argument => argument.Replace(JobPlace, folder.Root, StringComparison.Ordinal));
        var environment = definition.PassEnvironment.Select(name => (Name: name, Value: variable(name))).Where(pair => pair.Value is not null)
            .ToDictionary(pair => pair.Name, pair => pair.Value!, StringComparer.Ordinal);
        foreach (var (name, value) in definition.Environment)
        {
            environment[name] = value;
        }

        if (definition.Engine is not { } engine)
        {
            return new WorkerCommand(Existing(definition.Program, "program"), [.. arguments]) { Environment = environment };
        }

        var program = Existing(definition.Program ?? Programs.Find(engine), engine);
        return new WorkerCommand(program, engine == BackendDefinition.Apptainer ? [.. Apptainer(definition, spec, folder, usesGpus), .. arguments] : [.. Oci(definition, spec, folder, environment.Keys, engine, usesGpus), .. arguments])
        {
            // Values go by the environment of the engine: anybody may read a command line.
            Environment = engine == BackendDefinition.Apptainer ? environment.ToDictionary(pair => "APPTAINERENV_" + pair.Key, pair => pair.Value, StringComparer.Ordinal) : environment,
            Container = engine == BackendDefinition.Apptainer ? null : new WorkerContainer(program, NameOf(folder)),
        };
    }

    private static string NameOf(JobFolder folder) => "beep-" + Path.GetFileName(folder.Root);

    private static IEnumerable<string> Oci(BackendDefinition definition, JobSpec spec, JobFolder folder, IEnumerable<string> variables, string engine, bool usesGpus)
    {
        List<string> options =
        [
            "run", "--rm", "--pull=never", "--name", NameOf(folder), "--workdir", folder.Root, "--security-opt=no-new-privileges", "--cap-drop=all",
            $"--network={(definition.Network ? "bridge" : "none")}", $"--ulimit=nofile={MostProcesses}:{MostProcesses}", $"--ulimit=nproc={MostProcesses}:{MostProcesses}", "--ulimit=core=0:0",
            // The job folder is the host's: what the container writes there is to be the host's as well.
            engine == BackendDefinition.Podman && !Environment.IsPrivilegedProcess ? "--userns=keep-id" : $"--user={UnixUser.Current}",
        ];
        foreach (var (source, target, readOnly) in Mounts(definition, spec, folder))
        {
            options.Add($"--volume={source}:{target}{(readOnly ? ":ro" : "")}");
        }

        if (definition.MemoryMib is { } memory)
        {
            options.Add(string.Create(CultureInfo.InvariantCulture, $"--memory={memory}m"));
        }

        if (definition.Cpus is { } cpus)
        {
            options.Add(string.Create(CultureInfo.InvariantCulture, $"--cpus={cpus:0.##}"));
        }

        if (usesGpus)
        {
            options.Add(engine == BackendDefinition.Podman ? "--device=nvidia.com/gpu=all" : "--gpus=all");
        }

        // Without a value it is that of the engine's own environment. The mark by which the host finds its children is not passed on:
        // the engine hands signals to the container, which would get each twice.
        options.AddRange(variables.Append(Tasks.TaskRun.GpuVariable).Select(name => $"--env={name}"));
        return [.. options, .. definition.EngineOptions, definition.Image!];
    }

    private static IEnumerable<string> Apptainer(BackendDefinition definition, JobSpec spec, JobFolder folder, bool usesGpus)
    {
        List<string> options = ["exec", "--containall", "--no-home", "--pwd", folder.Root, .. definition.Network ? (string[])[] : ["--net", "--network=none"]];
        foreach (var (source, target, readOnly) in Mounts(definition, spec, folder))
        {
            options.Add("--bind");
            options.Add($"{source}:{target}:{(readOnly ? "ro" : "rw")}");
        }

        if (usesGpus)
        {
            options.Add("--nv");
        }

        return [.. options, .. definition.EngineOptions, definition.Image!];
    }

    private static IEnumerable<(string Source, string Target, bool ReadOnly)> Mounts(BackendDefinition definition, JobSpec spec, JobFolder folder)
    {
        yield return (folder.Root, folder.Root, false);
        foreach (var path in new[] { spec.Model.Path, spec.Adapter, spec.Data.Train, spec.Data.Validation }.OfType<string>().Where(path => !IsBelow(path, folder.Root)).Distinct())
        {
            yield return (path, path, true);
        }

        foreach (var mount in definition.Mounts)
        {
            yield return (mount.Source, mount.Target, mount.ReadOnly);
        }
    }

    private static bool IsBelow(string path, string folder) => path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string Existing(string? program, string name) => program is not null && File.Exists(program)
        ? program
        : throw FaultException.Failed("program_missing", $"The program '{program ?? name}' of the backend is not there.", "Install it, or correct the backend.", program ?? name);
}
