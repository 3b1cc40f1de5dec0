using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Jobs.Backends;
using Beep.Host.Jobs.Executors;
using Beep.Host.Jobs.Executors.Slurm;
using Beep.Host.Jobs.Planning;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Placing;

/// <summary>Completes what a caller wants of a job's placement, and says what of it cannot be.</summary>
internal sealed class PlacementReader(TaskOptions tasks, IEnumerable<IWorkerBackend> backends, IEnumerable<IExecutor> executors, ClusterRules? cluster = null)
{
    private const string Field = "placement";
    private const int MostNodes = 1024;
    private const int MostGpus = 64;

    /// <summary>The placement with every choice made, and all that stands in its way.</summary>
    /// <param name="wanted">What was asked for; null for nothing in particular.</param>
    /// <param name="spec">What is to be run.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<(Placement Placement, IReadOnlyList<PlanProblem> Problems)> ReadAsync(Placement? wanted, JobSpec spec, CancellationToken cancellationToken)
    {
        var placement = wanted ?? Placement.Default;
        List<PlanProblem> problems = [.. Executor(placement), .. Devices(placement)];
        if (cluster is not null && placement.Executor == Placement.Slurm && problems.Count == 0)
        {
            (placement, var refused) = await cluster.CompleteAsync(placement, spec, cancellationToken).ConfigureAwait(false);
            problems.AddRange(refused);
        }

        if (backends.FirstOrDefault(known => known.Kind == spec.Backend) is not { } backend)
        {
            return (placement, problems);
        }

        (placement, var more) = await backend.CompleteAsync(placement, spec, cancellationToken).ConfigureAwait(false);
        return (placement, [.. problems, .. more]);
    }

    private IEnumerable<PlanProblem> Executor(Placement placement)
    {
        var names = executors.Select(executor => executor.Name).Order(StringComparer.Ordinal).ToList();
        if (!names.Contains(placement.Executor))
        {
            yield return Error("unknown_executor", $"'{placement.Executor}' is no place that this server runs jobs on.", $"Say one of: {string.Join(", ", names)}.", "executor").MendedBy($"{Field}.executor", Placement.Local);
        }

        if (placement is { Executor: not Placement.Slurm, Cluster: not null })
        {
            yield return Error("not_on_cluster", $"'{Field}.cluster' says what to ask of Slurm, but the job runs on '{placement.Executor}'.", $"Set {Field}.executor to {Placement.Slurm}, or leave the cluster out.", "cluster").MendedBy($"{Field}.executor", Placement.Slurm);
        }

        foreach (var (name, value, most) in new[] { ("nodes", placement.Cluster?.Nodes, MostNodes), ("gpus_per_node", placement.Cluster?.GpusPerNode, MostGpus), ("minutes", placement.Cluster?.Minutes, 60 * 24 * 365), ("cpus_per_task", placement.Cluster?.CpusPerTask, 4096), ("memory_mib", placement.Cluster?.MemoryMib, 1 << 30) })
        {
            var least = name == "gpus_per_node" ? 0 : 1;
            if (value is { } given && (given < least || given > most))
            {
                yield return Error("out_of_range", $"'{Field}.cluster.{name}' is {given}; it must be from {least} to {most}.", "Correct the value or leave the field out.", $"cluster.{name}");
            }
        }

        foreach (var (name, value) in new[] { ("partition", placement.Cluster?.Partition), ("account", placement.Cluster?.Account), ("qos", placement.Cluster?.Qos) })
        {
            if (value is not null && !SlurmWords.IsWord(value))
            {
                yield return Error("bad_word", $"'{Field}.cluster.{name}' is '{value}', which Slurm cannot call anything.", "Use letters, digits, '.', '_', '-' and ','.", $"cluster.{name}");
            }
        }
    }

    private IEnumerable<PlanProblem> Devices(Placement placement)
    {
        if (placement.Executor != Placement.Local)
        {
            if (placement.Gpus is not null || placement.Devices is not null)
            {
                yield return Error("not_local", $"'{Field}.gpus' and '{Field}.devices' are of this machine, but the job runs on '{placement.Executor}'.", $"Set {Field}.cluster.gpus_per_node instead.", "gpus");
            }

            yield break;
        }

        if (placement.Gpus is < 0 || placement.Gpus > tasks.Gpus.Count)
        {
            yield return Error("too_many_gpus", $"'{Field}.gpus' is {placement.Gpus}; this machine has {Units.Count(tasks.Gpus.Count, "GPU")}.", $"Say at most {tasks.Gpus.Count}.", "gpus");
        }

        if (placement.Devices is { } devices)
        {
            if (devices.Except(tasks.Gpus).ToList() is { Count: > 0 } unknown)
            {
                yield return Error("unknown_device", $"There is no GPU {string.Join(", ", unknown)} on this machine.", tasks.Gpus.Count == 0 ? "Leave the devices out." : $"Choose of {string.Join(", ", tasks.Gpus)}.", "devices");
            }

            if (devices.Count == 0 || devices.Distinct().Count() < devices.Count || (placement.Gpus is { } count && count != devices.Count))
            {
                yield return Error("bad_devices", $"'{Field}.devices' is [{string.Join(", ", devices)}].", "Name each GPU once, and as many as placement.gpus says, or leave that out.", "devices");
            }
        }
    }

    private static PlanProblem Error(string code, string message, string remedy, string field) => PlanProblem.Error(code, message, remedy, $"{Field}.{field}");
}
