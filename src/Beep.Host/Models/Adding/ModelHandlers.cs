using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Models.Hub;
using Beep.Host.Tasks;

namespace Beep.Host.Models.Adding;

/// <summary>What an import is told.</summary>
internal sealed record ImportInput(string ModelId, string Folder, ModelPlacement Placement);

/// <summary>What a download is told: the very files, so that it brings the same ones however often it is begun.</summary>
internal sealed record DownloadInput(string ModelId, HubPlan Plan);

/// <summary>Imports a model from a folder of the server.</summary>
internal sealed class ImportModel(ModelPreparation preparation) : ITaskHandler
{
    public const string KindName = "models.import";

    public string Kind => KindName;

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var input = run.ReadInput<ImportInput>();
        return HandlerResult.Of(await preparation.ImportAsync(input.ModelId, input.Folder, input.Placement, AuditActors.System, HandlerResult.Report(run, cancellationToken), cancellationToken));
    }
}

/// <summary>Downloads a model from the hub.</summary>
internal sealed class DownloadModel(ModelPreparation preparation) : ITaskHandler
{
    public const string KindName = "models.download";

    public string Kind => KindName;

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var input = run.ReadInput<DownloadInput>();
        foreach (var file in input.Plan.Files)
        {
            run.Log($"{file.Name}: {file.Bytes:N0} bytes");
        }

        return HandlerResult.Of(await preparation.DownloadAsync(input.ModelId, input.Plan, AuditActors.System, HandlerResult.Report(run, cancellationToken), cancellationToken));
    }
}

/// <summary>What both tell of themselves.</summary>
internal static class HandlerResult
{
    public static JsonObject Of(Model model) => new()
    {
        ["model_id"] = model.Id,
        ["name"] = model.Name,
        ["bytes"] = model.Bytes,
        ["sha256"] = model.Sha256,
        ["license"] = model.License,
        ["revision"] = model.Revision,
    };

    public static Func<FileProgress, Task> Report(TaskRun run, CancellationToken cancellationToken)
    {
        string? step = null;
        return async progress =>
        {
            if (Interlocked.Exchange(ref step, progress.Step) is var before && before != progress.Step)
            {
                if (before is not null)
                {
                    await run.CompleteStepAsync(before, null, cancellationToken);
                }

                await run.BeginStepAsync(progress.Step, cancellationToken);
            }

            await run.ReportAsync(progress.Percent, progress.Message, cancellationToken);
        };
    }
}
