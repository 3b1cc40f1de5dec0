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
    private const string Shell = "/bin/sh";
    private const int MostProcesses = 4096;

    // Of the task's GPUs. Apptainer lets no variable through but those that it is told of by another name; which GPUs a job has is
    // known where it runs, and only then.
    private static readonly string[] GpuVariables = [Tasks.TaskRun.GpuVariable, Tasks.TaskRun.GpuOrderVariable];
    private static readonly string Tell = string.Concat(GpuVariables.Select(name => $"[ -z \"${{{name}+set}}\" ] || export {ApptainerPrefix}{name}=\"${name}\"; ")) + "exec \"$0\" \"$@\"";

    private const string ApptainerPrefix = "APPTAINERENV_";

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
        // Values go by the environment of the engine: anybody may read a command line.
        return engine == BackendDefinition.Apptainer
            ? new WorkerCommand(Shell, ["-c", Tell, program, .. Apptainer(definition, spec, folder, usesGpus), .. arguments])
            {
                Environment = EngineEnvironment.With(environment.ToDictionary(pair => ApptainerPrefix + pair.Key, pair => pair.Value, StringComparer.Ordinal), variable),
            }
            : new WorkerCommand(program, [.. Oci(definition, spec, folder, environment.Keys, engine, usesGpus), .. arguments])
            {
                Environment = EngineEnvironment.With(environment, variable),
                Container = ContainerOf(definition, folder),
            };
    }

    /// <summary>The container of a job; null for none, or for Apptainer, whose containers end with it.</summary>
    public static WorkerContainer? ContainerOf(BackendDefinition definition, JobFolder folder) =>
        definition.Engine is { } engine and not BackendDefinition.Apptainer && (definition.Program ?? Programs.Find(engine)) is { } program ? new WorkerContainer(program, NameOf(folder)) : null;

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

        options.AddRange(Limits(definition));
        if (usesGpus)
        {
            options.Add(engine == BackendDefinition.Podman ? "--device=nvidia.com/gpu=all" : "--gpus=all");
        }

        // Without a value it is that of the engine's own environment. The mark by which the host finds its children is not passed on:
        // the engine hands signals to the container, which would get each twice.
        options.AddRange(variables.Concat(GpuVariables).Select(name => $"--env={name}"));
        return [.. options, .. definition.EngineOptions, definition.Image!];
    }

    private static IEnumerable<string> Apptainer(BackendDefinition definition, JobSpec spec, JobFolder folder, bool usesGpus)
    {
        // A server that is root would otherwise give the container all that root may do.
        List<string> options = ["exec", "--no-privs", "--containall", "--no-home", "--pwd", folder.Root, .. definition.Network ? (string[])[] : ["--net", "--network=none"], .. Limits(definition)];
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

    private static IEnumerable<string> Limits(BackendDefinition definition)
    {
        if (definition.MemoryMib is { } memory)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"--memory={memory}m");
        }

        if (definition.Cpus is { } cpus)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"--cpus={cpus:0.##}");
        }
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
