using System.Security.Claims;
using Beep.Contracts;
using Beep.Host.Datasets.Files;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Jobs.Api;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Planning.Server.Rules;
using Beep.Host.Jobs.Queueing;
using Beep.Host.Jobs.Specs;
using Beep.Host.Jobs.Stored;
using Beep.Host.Quotas;
using Beep.LanguageModels.Estimation;

namespace Beep.Host.Jobs.Planning.Server;

/// <summary>A job that was planned: what was found, and where everything is.</summary>
internal sealed record PlannedJob(JobPlan Plan, JobSources Sources, SpecPlaces Places, JobSpec Spec, RowSplit? Split, Placement Placement);

/// <summary>Plans jobs of the server: everything that stands in their way at once, and what they take.</summary>
internal sealed class JobPlanner(JobSourceReader sources, UsageReader usage, QuotaReader quotas, JobQueue queue, RowSample rows, PlacementReader placements, PlanDevices devices, RunHistoryReader histories, HostPaths paths)
{
    private const double Spread = 2;
    private const string HeldOutField = "validation_share";
    private const double UsualShare = 0.1;

    private static readonly IJobRule[] Rules = [new RequireManage(), new RequireReadyModel(), new RequireReadyDataset(), new LimitQueuedJobs(), new LimitDeviceMinutes(), new LimitBytes()];

    private static readonly Lazy<double> Rate = new(MachineRate.Measure);

    /// <summary>Plans what a caller asks for.</summary>
    public async Task<PlannedJob> PlanAsync(NewJob wanted, string jobId, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var found = await sources.ReadAsync(wanted, caller, cancellationToken).ConfigureAwait(false);
        var places = Place(found, jobId);
        var spec = ServerSpec.Compose(wanted.Preset, wanted.Overrides, places, out var faults);
        return await PlanAsync(found, places, spec, wanted.Placement, [.. faults.Select(fault => new PlanProblem(PlanSeverity.Error, fault)), .. Check(wanted)], caller.RequireUserId(), wanted.Priority ?? 0, caller.Holds(Permissions.FinetuneManage), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What a caller names, without more.</summary>
    public Task<JobSources> LookUpAsync(NewJob wanted, ClaimsPrincipal caller, CancellationToken cancellationToken) => sources.ReadAsync(wanted, caller, cancellationToken);

    /// <inheritdoc cref="JobSourceReader.RequireModelAsync"/>
    public Task RequireModelAsync(string id, ClaimsPrincipal caller, CancellationToken cancellationToken) => sources.RequireModelAsync(id, caller, cancellationToken);

    /// <summary>Plans a stored job anew, under another id where it is to be repeated.</summary>
    public async Task<PlannedJob> PlanAsync(Job job, string jobId, long ownerId, CancellationToken cancellationToken)
    {
        var found = await sources.ReadAsync(job, cancellationToken).ConfigureAwait(false);
        var places = Place(found, jobId);
        return await PlanAsync(found, places, ServerSpec.WithPaths(job.Spec, places), Placement.Read(job.Placement), [], ownerId, job.Priority, mayManage: true, cancellationToken).ConfigureAwait(false);
    }

    private async Task<PlannedJob> PlanAsync(
        JobSources found, SpecPlaces places, JobSpec spec, Placement? wanted, IReadOnlyList<PlanProblem> faults, long ownerId, int priority, bool mayManage, CancellationToken cancellationToken)
    {
        var split = found is { Share: { } share, Validation: null, Train.File: { } source } && share is > 0 and <= RowSplit.MostShare ? new RowSplit(source, share, spec.Train.Seed) : null;
        var facts = new JobFacts
        {
            MayManage = mayManage,
            Sources = found,
            Limits = await quotas.LimitsOfAsync(ownerId, cancellationToken).ConfigureAwait(false),
            Usage = await usage.ReadAsync(ownerId, cancellationToken).ConfigureAwait(false),
        };
        var (placement, unplaced) = await placements.ReadAsync(wanted, spec, cancellationToken).ConfigureAwait(false);
        var (machine, device) = await devices.FindAsync(placement, cancellationToken).ConfigureAwait(false);
        var history = found.AreReady ? await histories.ReadAsync(SpecWriter.WireName(spec.Backend), device, cancellationToken).ConfigureAwait(false) : RunHistory.None;
        var looked = new LookedAt(found, places, split, machine, device, history);
        // Reading rows and models computes; nobody's page or request waits on that thread.
        var run = found.AreReady && faults.Count == 0 ? await Task.Run(() => Look(looked, spec, cancellationToken), cancellationToken).ConfigureAwait(false) : null;
        facts = facts with { Seconds = run?.Work?.Seconds, Bytes = run?.Disk?.NeededBytes };
        IReadOnlyList<PlanProblem> problems = [.. Rules.SelectMany(rule => rule.Check(facts)), .. faults, .. unplaced, .. run?.Problems ?? []];
        var place = (await queue.ReadAsync([ownerId], cancellationToken).ConfigureAwait(false)).PlaceOfNew(ownerId, priority, placement.ResourceClass);
        var plan = new JobPlan
        {
            CanStart = problems.All(problem => problem.Severity != PlanSeverity.Error),
            Problems = [.. problems.OrderByDescending(problem => problem.Severity).Select(problem => View(problem, found, places))],
            Spec = faults.Count == 0 ? ServerSpec.WithIds(spec, places) : null,
            Model = found.Model.Chosen is { } model ? new PlannedModel(model.Id, model.Name, run?.Parameters ?? model.Parameters, run?.TrainableParameters, model.Sha256, model.ContextLength) : null,
            Data = run?.Data,
            Validation = run?.Validation,
            Work = run?.Work,
            Memory = run?.Memory,
            Disk = run?.Disk,
            Placement = placement,
            Queue = place,
        };
        return new PlannedJob(plan, found, places, spec, split, placement);
    }

    private RunOutlook Look(LookedAt at, JobSpec spec, CancellationToken cancellationToken)
    {
        var (found, places, split) = (at.Sources, at.Places, at.Split);
        var sampled = 1.0;
        // The file that is split stands for both parts; nothing is written for a plan.
        var looked = split is null ? spec : spec with { Data = spec.Data with { Train = split.Source, Validation = split.Source } };
        var context = new PlanContext(looked, at.Machine, paths.Job(places.JobId), cancellationToken, (path, options, tokenizer, template, cancellation) =>
        {
            var (report, share) = rows.Read(path, found.Train.Version?.Rows, spec.Model.Path, options with { Validation = null }, tokenizer, template, cancellation);
            sampled = share;
            if (split is not null)
            {
                return RowSample.Scale(report, 1 - split.Share) with { Validation = RowSample.Scale(report, split.Share) with { Findings = [] } };
            }

            return options.Validation is { } file
                ? report with { Validation = rows.Read(file, found.Validation?.Version?.Rows, spec.Model.Path, options with { Validation = null }, tokenizer, template, cancellation).Report }
                : report;
        })
        { MemoryFactor = at.History.MemoryFactor };
        IReadOnlyList<PlanProblem> problems = [.. Planner.FindProblems(context).Select(ForServer)];
        // How fast a device is that nothing has run on yet, nobody knows; the processor is measured.
        var rate = at.History.Rate ?? (at.Device == PlanDevices.MachineMemory ? Rate.Value : null);
        return RunOutlook.Of(context, problems, sampled, at.Device, at.History, rate, Spread);
    }

    /// <summary>What the command line would do another way.</summary>
    private static PlanProblem ForServer(PlanProblem problem) => problem.Fault.Code switch
    {
        "no_validation" => (problem with { Fault = problem.Fault with { Remedy = "Hold a tenth of the rows out, or name a dataset to validate with.", Where = HeldOutField } }).MendedBy(HeldOutField, UsualShare),
        "disk_full" => problem with { Fault = problem.Fault with { Remedy = "Free space, or keep fewer checkpoints." } },
        _ => problem,
    };

    private static IEnumerable<PlanProblem> Check(NewJob wanted)
    {
        if (wanted.ValidationShare is { } share && !(share is > 0 and <= RowSplit.MostShare))
        {
            yield return PlanProblem.Error("out_of_range", FormattableString.Invariant($"'{HeldOutField}' is {share}; it must be above 0 and at most {RowSplit.MostShare}."), "Correct the value or leave the field out.", HeldOutField).MendedBy(HeldOutField, UsualShare);
        }

        if (wanted is { ValidationShare: not null, ValidationDataset: not null })
        {
            yield return PlanProblem.Error("two_validations", "Both a dataset and a share of the rows are to be held out.", "Choose one of them.", HeldOutField);
        }
    }

    private SpecPlaces Place(JobSources found, string jobId)
    {
        var folder = new JobFolder(paths.Job(jobId));
        var isSplit = found is { Share: not null, Validation: null };
        return new SpecPlaces
        {
            JobId = jobId,
            // A spec without them has other faults, which are told as well.
            Model = found.Model.Folder ?? "-",
            ModelId = found.Model.Base?.Id ?? found.Model.Given ?? "",
            Adapter = found.Model.Adapter,
            AdapterId = found.Model.Adapter is null ? null : found.Model.Chosen!.Id,
            Train = isSplit ? RowSplit.TrainOf(folder) : found.Train.File ?? "-",
            TrainId = found.Train.Reference ?? "",
            Validation = isSplit ? RowSplit.ValidationOf(folder) : found.Validation is { } validation ? validation.File ?? "-" : null,
            ValidationId = isSplit ? StoredSpec.Of(found.Share!.Value) : found.Validation?.Reference,
            Format = found.Train.Version?.Format,
            Columns = found.Train is { Dataset: { } dataset, Version: { } version } ? DatasetManifest.Read(paths.DatasetVersion(dataset.Id, version.Number))?.Columns : null,
        };
    }

    /// <summary>Callers know models and datasets by their names; where they lie is nobody's business.</summary>
    private JobProblem View(PlanProblem problem, JobSources found, SpecPlaces places)
    {
        var names = new (string? Path, string Name)[]
        {
            (found.Train.File, found.Train.Title ?? "the dataset"), (found.Validation?.File, found.Validation?.Title ?? "the held-out dataset"),
            (found.Model.Adapter, found.Model.Chosen?.Name ?? "the adapter"), (found.Model.Folder, found.Model.Base?.Name ?? "the model"),
            (paths.Job(places.JobId), "the job"), (paths.Home, "the home"),
        };
        string? Hide(string? text) => text is null ? null : names.Where(name => name.Path is not null).Aggregate(text, (shown, name) => shown.Replace(name.Path!, name.Name, StringComparison.Ordinal));
        var fault = problem.Fault;
        return new JobProblem(problem.Severity == PlanSeverity.Error ? JobProblem.Error : "warning", fault.Code, Hide(fault.Message)!, Hide(fault.Remedy)!, Hide(fault.Where), problem.Fix);
    }

    /// <summary>Everything that a look at a run needs besides its spec.</summary>
    private sealed record LookedAt(JobSources Sources, SpecPlaces Places, RowSplit? Split, Machine Machine, string Device, RunHistory History);
}
