using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs.Runs.Metrics;
using Beep.Host.Jobs.Specs;
using Beep.Host.Jobs.Stored;

namespace Beep.Host.Jobs.Runs.Compare;

/// <summary>A setting in which runs differ.</summary>
/// <param name="Path">As in a spec: <c>train.learning_rate</c>.</param>
/// <param name="Values">JSON, one for each run in their order; null where a run has no spec yet.</param>
internal sealed record DifferenceView(string Path, IReadOnlyList<string?> Values);

/// <summary>How a run came out.</summary>
/// <param name="Id">The job.</param>
/// <param name="Name">What people call it.</param>
/// <param name="State">Where it is.</param>
/// <param name="Model">The base model's name.</param>
/// <param name="Steps">Optimizer steps done.</param>
/// <param name="Tokens">Tokens trained on.</param>
/// <param name="Seconds">How long it took, or has taken so far; null before the start.</param>
/// <param name="TrainLoss">The loss of the last step.</param>
/// <param name="EvaluationLoss">The last held-out loss.</param>
/// <param name="BestEvaluationLoss">The smallest held-out loss.</param>
/// <param name="BestStep">Where that was.</param>
internal sealed record RunFigures(
    string Id, string Name, string State, string Model, long Steps, long Tokens, double? Seconds, double? TrainLoss, double? EvaluationLoss, double? BestEvaluationLoss, int? BestStep);

/// <summary>Runs side by side.</summary>
/// <param name="Runs">In the order that was asked for.</param>
/// <param name="Differences">The settings in which they differ, in the order of a spec.</param>
/// <param name="Best">The run with the smallest last held-out loss; null where fewer than two have one.</param>
internal sealed record ComparisonView(IReadOnlyList<RunFigures> Runs, IReadOnlyList<DifferenceView> Differences, string? Best);

/// <summary>Puts runs side by side.</summary>
internal sealed class RunComparison(HostPaths paths, JobAccess access, RunMetrics metrics, TimeProvider time)
{
    public const int Most = 8;

    // What every job has its own of, and says nothing about how it was trained.
    private static readonly string[] Own = ["job_id"];

    /// <summary>The jobs that a request names.</summary>
    /// <exception cref="HttpFaultException">There are none, too many, or one twice.</exception>
    public static IReadOnlyList<string> IdsOf(string? ids)
    {
        string[] list = ids?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        return list.Length is > 0 and <= Most && list.Distinct(StringComparer.Ordinal).Count() == list.Length
            ? list
            : throw HttpFaultException.Invalid("bad_ids", list.Length is 0 or > Most ? $"ids names {list.Length} jobs." : "ids names a job twice.", $"Name 1 to {Most} different jobs, with commas between them.", "ids");
    }

    public async Task<ComparisonView> ReadAsync(IReadOnlyList<string> ids, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        List<(Job Job, JobSpec? Spec)> runs = [];
        List<RunFigures> figures = [];
        foreach (var id in ids)
        {
            var job = await access.RequireAsync(id, caller, AccessLevel.Read, cancellationToken).ConfigureAwait(false);
            runs.Add((job, SpecOf(job)));
            figures.Add(await FiguresAsync(job, cancellationToken).ConfigureAwait(false));
        }

        var judged = figures.Where(run => run.EvaluationLoss is not null).ToList();
        return new ComparisonView(figures, Differences([.. runs.Select(run => run.Spec)]), judged.Count > 1 ? judged.MinBy(run => run.EvaluationLoss)!.Id : null);
    }

    /// <summary>The settings in which the specs differ; those that are not there yet differ in nothing.</summary>
    public static IReadOnlyList<DifferenceView> Differences(IReadOnlyList<JobSpec?> specs)
    {
        if (specs.FirstOrDefault(spec => spec is not null) is not { } first)
        {
            return [];
        }

        // A setting is one in which any differs from the first; which value each has is then read from all.
        var paths = specs.OfType<JobSpec>().SelectMany(spec => SpecDifference.Between(first, spec)).Select(difference => difference.Path)
            .Where(path => !Own.Contains(path)).Distinct(StringComparer.Ordinal).ToList();
        var trees = specs.Select(spec => spec is null ? null : SpecWriter.ToTree(spec)).ToList();
        var order = SpecOrder(SpecWriter.ToTree(first));
        return [.. paths.OrderBy(path => order.TryGetValue(path, out var place) ? place : int.MaxValue).ThenBy(path => path, StringComparer.Ordinal)
            .Select(path => new DifferenceView(path, [.. trees.Select(tree => tree is null ? null : ValueAt(tree, path))]))];
    }

    private async Task<RunFigures> FiguresAsync(Job job, CancellationToken cancellationToken)
    {
        var summary = job.Summary is null ? null : JsonSerializer.Deserialize<JobSummary>(job.Summary, Tasks.TaskJson.Options);
        double? train = job.Loss, last = job.EvaluationLoss, best = null;
        int? bestStep = null;
        var (steps, tokens) = (job.Step, job.TrainedTokens);
        await metrics.ForEachAsync(job.Id, block =>
        {
            foreach (ref readonly var record in block.Span)
            {
                if (record.Kind == RecordKind.Metric)
                {
                    train = double.IsNaN(record.Loss) ? train : record.Loss;
                    steps = record.Step;
                    tokens = double.IsNaN(record.Tokens) ? tokens : (long)record.Tokens;
                }
                else if (record.Kind == RecordKind.Evaluation && !double.IsNaN(record.Loss))
                {
                    last = record.Loss;
                    (best, bestStep) = best is { } least && least <= record.Loss ? (best, bestStep) : (record.Loss, record.Step);
                }
            }

            return Task.CompletedTask;
        }, cancellationToken).ConfigureAwait(false);
        var seconds = job.StartedAt is { } started ? ((job.FinishedAt ?? time.GetUtcNow()) - started).TotalSeconds : summary?.Seconds;
        return new RunFigures(job.Id, job.Name, job.State.Word(), job.ModelName, summary?.Steps ?? steps, summary?.Tokens ?? tokens, seconds, summary?.TrainLoss ?? train, last, best, bestStep);
    }

    /// <summary>With the names of things where the file has paths of this machine, which are nobody's business.</summary>
    private JobSpec? SpecOf(Job job)
    {
        var folder = new JobFolder(paths.Job(job.Id));
        if (!File.Exists(folder.Spec))
        {
            return null;
        }

        var spec = SpecReader.Read(folder.Spec);
        return spec with
        {
            Model = spec.Model with { Path = job.ModelName },
            Adapter = spec.Adapter is null ? null : Shorten(spec.Adapter),
            Data = spec.Data with { Train = Shorten(spec.Data.Train), Validation = spec.Data.Validation is null ? null : Shorten(spec.Data.Validation) },
        };
    }

    private string Shorten(string path)
    {
        var relative = Path.GetRelativePath(paths.FineTune, path).Replace('\\', '/');
        return relative.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? Path.GetFileName(path) : relative;
    }

    private static Dictionary<string, int> SpecOrder(JsonObject tree)
    {
        var order = new Dictionary<string, int>(StringComparer.Ordinal);
        Walk(tree, "");
        return order;

        void Walk(JsonObject node, string prefix)
        {
            foreach (var (key, value) in node)
            {
                order[prefix + key] = order.Count;
                if (value is JsonObject inner)
                {
                    Walk(inner, $"{prefix}{key}.");
                }
            }
        }
    }

    private static string? ValueAt(JsonObject tree, string path)
    {
        JsonNode? node = tree;
        foreach (var key in path.Split('.'))
        {
            node = (node as JsonObject)?[key];
        }

        return node?.ToJsonString() ?? "null";
    }
}
