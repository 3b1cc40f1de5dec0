using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting.Http;
using Beep.Host.Models.Hub;
using Beep.LanguageModels.Configuration;

namespace Beep.Host.Models.Adding;

/// <summary>Brings, checks and hashes the files of a model that was added; begun again, it goes on from what is there.</summary>
internal sealed class ModelPreparation(ModelRegistry registry, ModelStore store, HubDownload download, TimeProvider time)
{
    private const string CheckStep = "Check";

    /// <summary>From a folder of this machine.</summary>
    public Task<Model> ImportAsync(string modelId, string folder, ModelPlacement placement, AuditActor actor, Func<FileProgress, Task> report, CancellationToken cancellationToken) =>
        PrepareAsync(modelId, actor, async (model, token) =>
        {
            if (placement != ModelPlacement.Keep && !Directory.Exists(store.FolderOf(model)))
            {
                ModelInspector.Inspect(folder);
                var total = ModelFiles.BytesIn(folder);
                store.RequireSpace(total, model.Name);
                var meter = new FileMeter(time, "Copy", total, report);
                await meter.RunAsync(() => registry.PlaceAsync(model, folder, placement, meter.Add, token), token);
            }

            return await CheckAsync(model, placement == ModelPlacement.Keep, null, actor, report, token);
        }, cancellationToken);

    /// <summary>From the hub. What has come stays when this is stopped or fails on the way, and the next one goes on from it.</summary>
    public Task<Model> DownloadAsync(string modelId, HubPlan plan, AuditActor actor, Func<FileProgress, Task> report, CancellationToken cancellationToken) =>
        PrepareAsync(modelId, actor, async (model, token) =>
        {
            if (!Directory.Exists(store.FolderOf(model)))
            {
                var incoming = store.CreateIncoming(model.Name);
                await download.RunAsync(plan, incoming, Judge, report, token);
                store.Settle(incoming, store.FolderOf(model));
            }

            return await CheckAsync(model, isKept: false, plan.Commit, actor, report, token);
        }, cancellationToken);

    private async Task<Model> PrepareAsync(string modelId, AuditActor actor, Func<Model, CancellationToken, Task<Model>> work, CancellationToken cancellationToken)
    {
        var model = await registry.FindAsync(modelId, cancellationToken)
            ?? throw FaultException.Invalid("model_removed", $"The model '{modelId}' was removed.", "Add it again.");
        if (model.State == ModelState.Ready)
        {
            return model;
        }

        try
        {
            return await work(model, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested && Explain(error) is { } fault)
        {
            await registry.FailAsync(model.Id, $"{fault.Faults[0].Message} {fault.Faults[0].Remedy}", actor, CancellationToken.None);
            throw fault;
        }
    }

    private async Task<Model> CheckAsync(Model model, bool isKept, string? revision, AuditActor actor, Func<FileProgress, Task> report, CancellationToken cancellationToken)
    {
        var folder = store.FolderOf(model);
        try
        {
            var facts = ModelInspector.Inspect(folder, isKept);
            ModelRegistry.RequireKind(model.Kind, facts);
            var meter = new FileMeter(time, CheckStep, ModelFiles.BytesIn(folder), report);
            var (sha256, bytes) = ("", 0L);
            await meter.RunAsync(async () => (sha256, bytes) = await ModelFiles.HashAsync(folder, meter.Add, cancellationToken), cancellationToken);
            return await registry.CompleteAsync(model.Id, facts, sha256, bytes, revision, actor, cancellationToken);
        }
        catch (Exception error) when (error is FaultException or HttpFaultException)
        {
            // They are what they are: bringing them again would give the same.
            store.Condemn(model).Remove();
            throw;
        }
    }

    private static void Judge(string folder)
    {
        if (File.Exists(Path.Combine(folder, ModelConfig.FileName)) && !File.Exists(Path.Combine(folder, ModelFiles.AdapterConfig)))
        {
            ModelConfig.Load(folder);
        }
    }

    private static FaultException? Explain(Exception error) => error switch
    {
        FaultException fault => fault,
        HttpFaultException fault => new FaultException(WorkerExitCode.Invalid, fault.Faults, fault),
        IOException or UnauthorizedAccessException => FaultException.Failed("unwritable", $"The files cannot be read or written: {error.Message}", "Free space or correct the rights of the folders, and add the model again.", cause: error),
        _ => null,
    };
}
