using System.Globalization;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Planning;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>Completes what a job asks of the cluster, and says what of it the cluster would refuse or leave waiting for good.</summary>
internal sealed class ClusterRules(SlurmCluster cluster)
{
    private const string Field = "placement.cluster";

    private SlurmOptions Options => cluster.Options;

    /// <summary>The placement with the settings of the server where it says nothing, and all that stands in its way.</summary>
    public async Task<(Placement Placement, IReadOnlyList<PlanProblem> Problems)> CompleteAsync(Placement placement, JobSpec spec, CancellationToken cancellationToken)
    {
        var request = SlurmRequests.Complete(placement.Cluster, Options, spec.Backend == Backend.Transformers);
        placement = placement with { Cluster = request };
        List<PlanProblem> problems = [];
        if (spec.Backend == Backend.Torchsharp && request.GpusPerNode > 0)
        {
            problems.Add(Error("no_gpu_backend", "The shipped trainer computes on processors and uses no GPU.", "Leave the GPUs out, or choose another backend.", "gpus_per_node").MendedBy($"{Field}.gpus_per_node", 0));
        }

        var names = request.Partition?.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (Options.Partitions.Count > 0 && names.Except(Options.Partitions).ToList() is { Count: > 0 } forbidden)
        {
            problems.Add(Error("partition_not_allowed", $"Jobs may not run on the partition '{string.Join(',', forbidden)}'.", $"Choose of: {string.Join(", ", Options.Partitions)}.", "partition").MendedBy($"{Field}.partition", Options.Partitions[0]));
            return (placement, problems);
        }

        var facts = await cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (facts.Fault is { } fault)
        {
            problems.Add(PlanProblem.Warning("cluster_unreachable", $"The cluster does not answer now: {fault}", "The job can be queued, and is submitted when the cluster answers.", Field));
            return (placement, problems);
        }

        var unknown = names.Except(facts.Partitions.Select(partition => partition.Name)).ToList();
        if (unknown.Count > 0)
        {
            var known = facts.Partitions.Select(partition => partition.Name).ToList();
            var problem = Error("unknown_partition", $"The cluster has no partition '{string.Join(',', unknown)}'.", known.Count == 0 ? "Ask who runs the cluster." : $"Choose of: {string.Join(", ", known)}.", "partition");
            problems.Add(known.Count > 0 ? problem.MendedBy($"{Field}.partition", known[0]) : problem);
            return (placement, problems);
        }

        var chosen = facts.Partitions.Where(partition => names.Length == 0 ? partition.IsDefault : names.Contains(partition.Name)).ToList();
        if (chosen.Count == 0)
        {
            problems.Add(PlanProblem.Warning("no_default_partition", "No partition is chosen, and the cluster names no default that jobs may use.", $"Choose of: {string.Join(", ", facts.Partitions.Select(partition => partition.Name))}.", $"{Field}.partition"));
            return (placement, problems);
        }

        problems.AddRange(Check(request, chosen));
        return (placement, problems);
    }

    /// <summary>Of several partitions it is enough that one can.</summary>
    private static IEnumerable<PlanProblem> Check(SlurmRequest request, List<SlurmPartition> chosen)
    {
        var where = chosen.Count == 1 ? $"The partition '{chosen[0].Name}'" : $"None of the partitions {string.Join(", ", chosen.Select(partition => $"'{partition.Name}'"))}";
        var (has, allows) = chosen.Count == 1 ? ("has", "allows") : ("has more than", "allows more than");
        if (!chosen.Any(partition => partition.IsUp))
        {
            yield return PlanProblem.Warning("partition_down", $"The partition {string.Join(", ", chosen.Select(partition => $"'{partition.Name}'"))} takes no jobs to run now.", "The job waits until it does, or choose another one.", $"{Field}.partition");
        }

        var longest = chosen.All(partition => partition.Minutes is not null) ? chosen.Max(partition => partition.Minutes) : null;
        if (request.Minutes > longest)
        {
            yield return Error("time_over_limit", $"{where} {allows} {Units.Count(longest!.Value, "minute")} and the job asks for {Units.Count(request.Minutes!.Value)}.", "Ask for less; a run that reaches its limit saves a checkpoint and can be resumed.", "minutes").MendedBy($"{Field}.minutes", longest);
        }

        foreach (var (name, what, wanted, most) in new (string, string, long?, long)[]
        {
            ("gpus_per_node", "GPUs on a node", request.GpusPerNode, chosen.Max(partition => partition.Gpus)),
            ("nodes", "nodes", request.Nodes, chosen.Max(partition => partition.Nodes)),
            ("cpus_per_task", "processors on a node", request.CpusPerTask, chosen.Max(partition => partition.Cpus)),
            ("memory_mib", "MiB of memory on a node", request.MemoryMib, chosen.Max(partition => partition.MemoryMib)),
        })
        {
            // Not every cluster tells the memory of its nodes.
            if (wanted > most && (name != "memory_mib" || most > 1))
            {
                yield return Error(
                    name == "gpus_per_node" && most == 0 ? "partition_without_gpus" : $"too_many_{(name == "gpus_per_node" ? "gpus" : name)}",
                    string.Create(CultureInfo.InvariantCulture, $"{where} {has} {(most == 0 ? "no" : most)} {what}, and the job asks for {wanted}."),
                    "Ask for less, or choose another partition.",
                    name).MendedBy($"{Field}.{name}", most);
            }
        }
    }

    private static PlanProblem Error(string code, string message, string remedy, string field) => PlanProblem.Error(code, message, remedy, $"{Field}.{field}");
}
