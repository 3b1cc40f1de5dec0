using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs.Api;
using Beep.Host.Jobs.Lifecycle;
using Beep.Host.Jobs.Planning.Server;
using Beep.Host.Jobs.Specs;
using Beep.Host.Jobs.Stored;

namespace Beep.Host.Jobs;

/// <summary>What callers ask of jobs, over HTTP or on a page: asks whether they may, plans, and has it done.</summary>
internal sealed class JobDesk(JobPlanner planner, JobService jobs, JobAccess access)
{
    /// <summary>What a job would take, and what stands in its way. Makes nothing.</summary>
    public async Task<JobPlan> PlanAsync(NewJob wanted, ClaimsPrincipal caller, CancellationToken cancellationToken) =>
        (await planner.PlanAsync(wanted, PublicId.New(), caller, cancellationToken)).Plan;

    /// <summary>Makes a job; a draft may have problems, one that is to start may not.</summary>
    /// <exception cref="HttpFaultException">What was asked for cannot be; every reason at once.</exception>
    public async Task<(Job Job, bool IsNew)> CreateAsync(NewJob wanted, string? key, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        NewJobRules.Require(wanted, key, caller);
        var id = PublicId.New();
        var planned = await planner.PlanAsync(wanted, id, caller, cancellationToken);
        await RequireNamedAsync(planned.Sources, caller, cancellationToken);
        var start = wanted.Start ?? true;
        // A draft with values that no spec can hold could not be kept.
        if (planned.Plan.Spec is null || (start && !planned.Plan.CanStart))
        {
            throw Refused(planned.Plan);
        }

        var (model, train) = (planned.Sources.Model.Chosen!, planned.Sources.Train);
        var draft = Draft(planned, id, caller.RequireUserId(), wanted.Name?.Trim() is { Length: > 0 } name ? name : DefaultName(model.Name, train.Dataset!.Name)) with
        {
            Preset = wanted.Preset ?? PresetCatalog.Default,
            Suffix = wanted.Suffix,
            Metadata = wanted.Metadata is { Count: > 0 } metadata ? JsonSerializer.Serialize(metadata) : null,
            Priority = wanted.Priority ?? 0,
            IdempotencyKey = key,
            RequestHash = key is null ? null : HashOf(wanted),
        };
        return await jobs.CreateAsync(draft, start, actor, cancellationToken);
    }

    /// <summary>Queues a draft.</summary>
    public async Task<Job> StartAsync(string id, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        await access.RequireAsync(id, caller, AccessLevel.Write, cancellationToken);
        var job = await jobs.BeginStartAsync(id, actor, cancellationToken);
        JobPlan? plan = null;
        try
        {
            var planned = await planner.PlanAsync(job, id, job.OwnerId, cancellationToken);
            plan = planned.Plan;
            return plan.CanStart
                ? await jobs.CompleteStartAsync(id, planned.Spec, planned.Split, Text(plan), actor, cancellationToken)
                : throw Refused(plan);
        }
        catch
        {
            await jobs.RefuseStartAsync(id, plan is null ? null : Text(plan), actor, CancellationToken.None);
            throw;
        }
    }

    public async Task<Job> CancelAsync(string id, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        await access.RequireAsync(id, caller, AccessLevel.Write, cancellationToken);
        return await jobs.CancelAsync(id, actor, cancellationToken);
    }

    public async Task<Job> RestartAsync(string id, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        await access.RequireAsync(id, caller, AccessLevel.Write, cancellationToken);
        return await jobs.RestartAsync(id, actor, cancellationToken);
    }

    public async Task<Job> ResumeAsync(string id, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        await access.RequireAsync(id, caller, AccessLevel.Write, cancellationToken);
        return await jobs.ResumeAsync(id, actor, cancellationToken);
    }

    public async Task DeleteAsync(string id, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        await access.RequireAsync(id, caller, AccessLevel.Admin, cancellationToken);
        await jobs.DeleteAsync(id, actor, cancellationToken);
    }

    public async Task<Job> UpdateAsync(string id, JobPatch patch, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        await access.RequireAsync(id, caller, AccessLevel.Write, cancellationToken);
        NewJobRules.Require(patch, caller);
        return await jobs.UpdateAsync(id, patch.Name?.Trim(), patch.Priority, actor, cancellationToken);
    }

    /// <summary>A new draft of the caller's with the same settings.</summary>
    public async Task<Job> CloneAsync(string id, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        var source = await access.RequireAsync(id, caller, AccessLevel.Read, cancellationToken);
        return await RepeatAsync(source, $"{source.Name} (copy)", start: false, caller, actor, cancellationToken);
    }

    /// <summary>Queues the same again: spec, version of the dataset, model and seed.</summary>
    /// <exception cref="HttpFaultException">409: the model is not the same any more.</exception>
    public async Task<Job> ReproduceAsync(string id, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        var source = await access.RequireAsync(id, caller, AccessLevel.Read, cancellationToken);
        return await RepeatAsync(source, $"{source.Name} (again)", start: true, caller, actor, cancellationToken);
    }

    private async Task<Job> RepeatAsync(Job source, string name, bool start, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        var id = PublicId.New();
        var planned = await planner.PlanAsync(source, id, caller.RequireUserId(), cancellationToken);
        await RequireOwnSourcesAsync(planned, caller, cancellationToken);
        if (start && planned.Sources.Model.Chosen is { } model && HashIn(source.Plan) is { } before && before != model.Sha256)
        {
            throw HttpFaultException.Conflict("model_changed", $"The model '{model.Name}' is not the one that the job '{source.Id}' was trained from: its files have the hash {model.Sha256 ?? "of nothing"}, and had {before}.", "Clone the job to train from the model as it is now.");
        }

        if (planned.Plan.Spec is null || (start && !planned.Plan.CanStart))
        {
            throw Refused(planned.Plan);
        }

        var draft = Draft(planned, id, caller.RequireUserId(), name.Length <= Job.LongestName ? name : source.Name) with { Preset = source.Preset, Suffix = source.Suffix, Metadata = source.Metadata, ParentId = source.Id };
        return (await jobs.CreateAsync(draft, start, actor, cancellationToken)).Job;
    }

    /// <summary>Who was shown a job was not shown its dataset.</summary>
    private async Task RequireOwnSourcesAsync(PlannedJob planned, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var (model, train, validation) = (planned.Sources.Model.Chosen, planned.Sources.Train, planned.Sources.Validation);
        if (model is null || train.Dataset is null || train.Version is null)
        {
            throw HttpFaultException.Conflict("sources_gone", "The model or the dataset of the job is not there any more.", "Make a new job.");
        }

        var wanted = new NewJob { Model = model.Id, Dataset = train.Dataset.Id, DatasetVersion = train.Version.Number, ValidationDataset = validation?.Dataset?.Id, ValidationVersion = validation?.Version?.Number };
        await RequireNamedAsync(await planner.LookUpAsync(wanted, caller, cancellationToken), caller, cancellationToken);
    }

    private static JobDraft Draft(PlannedJob planned, string id, long ownerId, string name) => new()
    {
        Id = id,
        OwnerId = ownerId,
        Name = name,
        ModelId = planned.Sources.Model.Chosen!.Id,
        ModelName = planned.Sources.Model.Chosen.Name,
        DatasetVersionSeq = planned.Sources.Train.Version!.Seq,
        ValidationVersionSeq = planned.Sources.Validation?.Version?.Seq,
        Spec = planned.Spec,
        StoredSpec = planned.Plan.Spec!.ToJsonString(),
        Split = planned.Split,
        Placement = planned.Placement,
        Plan = Text(planned.Plan),
    };

    /// <summary>Ids that name nothing are answered before anything else: 404 for what is not there, 409 for what was deleted.</summary>
    private async Task RequireNamedAsync(JobSources sources, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        if (sources.Model.State == SourceState.NotFound)
        {
            await planner.RequireModelAsync(sources.Model.Given!, caller, cancellationToken);
        }

        foreach (var dataset in new[] { sources.Train, sources.Validation }.OfType<DatasetSource>())
        {
            switch (dataset.State)
            {
                case SourceState.NotFound:
                    throw HttpFaultException.NotFound("dataset_not_found", $"There is no dataset '{dataset.Given}' of that version, or it is somebody else's.", "Look it up in the list of datasets.");
                case SourceState.Deleted:
                    throw HttpFaultException.Conflict("dataset_deleted", $"The dataset '{dataset.Dataset!.Name}' was deleted.", "Choose another one.");
                default:
                    break;
            }
        }
    }

    private static HttpFaultException Refused(JobPlan plan) =>
        new(StatusCodes.Status422UnprocessableEntity, [.. plan.Problems.Where(problem => problem.IsError).Select(problem => new Fault(problem.Code, problem.Message, problem.Remedy, problem.Field))]);

    private static string? HashIn(string? plan)
    {
        using var document = plan is null ? null : JsonDocument.Parse(plan);
        return document is not null && document.RootElement.TryGetProperty("model", out var model) && model.ValueKind == JsonValueKind.Object && model.TryGetProperty("sha256", out var hash) ? hash.GetString() : null;
    }

    public static string DefaultName(string model, string dataset)
    {
        var name = $"{model.Split('/')[^1]} on {dataset}";
        return name.Length <= Job.LongestName ? name : name[..Job.LongestName];
    }

    private static string Text(JobPlan plan) => JsonSerializer.Serialize(plan, JobJson.Options);

    /// <summary>The same request in another order of its fields is the same request.</summary>
    private static string HashOf(NewJob wanted)
    {
        var sorted = wanted with
        {
            Overrides = wanted.Overrides is null ? null : new SortedDictionary<string, JsonElement>(wanted.Overrides.ToDictionary(), StringComparer.Ordinal),
            Metadata = wanted.Metadata is null ? null : new SortedDictionary<string, string>(wanted.Metadata.ToDictionary(), StringComparer.Ordinal),
        };
        return Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(sorted, JobJson.Options)));
    }
}
