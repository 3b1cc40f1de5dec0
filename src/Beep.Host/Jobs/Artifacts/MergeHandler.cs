using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Artifacts;

/// <summary>Adds the adapter of a job into its base model. The result is in the job folder whole, or not at all.</summary>
internal sealed class MergeHandler(HostPaths paths, FineTuneDatabase database, ArtifactStore store, ArtifactRecords records, ModelCards cards, Func<TrainerProgram> locateTrainer) : ITaskHandler
{
    public const string KindName = "finetune.merge";

    private const string Check = "Check";
    private const string Merge = "Merge";
    private const string Record = "Record";
    private const int ShownLines = 10;

    public string Kind => KindName;

    public string ResourceClass => Tasks.ResourceClass.Cpu;

    public static JsonObject InputFor(string jobId) => new() { ["job_id"] = jobId };

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var job = await FindAsync(run.ReadInput<MergeInput>().JobId, cancellationToken).ConfigureAwait(false);
        var folder = new JobFolder(paths.Job(job.Id));
        await run.BeginStepAsync(Check, cancellationToken).ConfigureAwait(false);
        // What a killed merge left.
        DurableFile.RemoveLeftovers(folder.Artifacts);
        if (store.Find(job.Id, ArtifactService.Merged) is { } done)
        {
            // It was merged, and its host was lost before it could say so.
            return await FinishAsync(run, job, done, cancellationToken).ConfigureAwait(false);
        }

        var (model, adapter) = Require(job.Id);
        await run.CompleteStepAsync(Check, null, cancellationToken).ConfigureAwait(false);
        await run.BeginStepAsync(Merge, cancellationToken).ConfigureAwait(false);
        var fresh = Path.Combine(folder.Artifacts, $".{ArtifactService.Merged}.{run.Id}.partial");
        try
        {
            var trainer = locateTrainer();
            var child = await run.StartProcessAsync(
                new ChildProcessStart(trainer.FileName, [.. trainer.Prefix, "merge", "--model", model, "--adapter", adapter, "--out", fresh]) { WorkingFolder = folder.Root }, cancellationToken).ConfigureAwait(false);
            if (await child.WaitAsync(cancellationToken).ConfigureAwait(false) is not 0 and var exitCode)
            {
                throw Failed(exitCode ?? (int)WorkerExitCode.Failed, run.LastLines(ShownLines));
            }

            await cards.WriteAsync(job, fresh, isAdapter: false, cancellationToken).ConfigureAwait(false);
            Directory.Move(fresh, folder.Merged);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Failed("unwritable", $"The merged model cannot be written: {error.Message}", "Free space or correct the permissions, then merge again.", null, error);
        }
        finally
        {
            DurableFile.RemoveLeftovers(folder.Artifacts);
        }

        await run.CompleteStepAsync(Merge, null, cancellationToken).ConfigureAwait(false);
        return await FinishAsync(run, job, store.Find(job.Id, ArtifactService.Merged)!, cancellationToken).ConfigureAwait(false);
    }

    private async Task<JsonObject> FinishAsync(TaskRun run, Job job, ArtifactOnDisk merged, CancellationToken cancellationToken)
    {
        await run.BeginStepAsync(Record, cancellationToken).ConfigureAwait(false);
        var hash = await records.RecordAsync(job, merged, cancellationToken).ConfigureAwait(false);
        await run.CompleteStepAsync(Record, null, cancellationToken).ConfigureAwait(false);
        await run.ReportAsync(100, $"Merged: {Units.Bytes(merged.Bytes)}", cancellationToken).ConfigureAwait(false);
        return new JsonObject { ["job_id"] = job.Id, ["artifact"] = merged.Name, ["bytes"] = merged.Bytes, ["sha256"] = hash };
    }

    private (string Base, string Adapter) Require(string jobId)
    {
        try
        {
            return MergePreflight.Require(paths, store, jobId);
        }
        catch (HttpFaultException fault)
        {
            throw new FaultException(WorkerExitCode.Failed, fault.Faults);
        }
    }

    private async Task<Job> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await context.Set<Job>().AsNoTracking().SingleOrDefaultAsync(job => job.Id == id && job.DeletedAt == null, cancellationToken).ConfigureAwait(false)
            ?? throw FaultException.Invalid("job_not_found", $"There is no job '{id}' any more.", "Merge another one.");
    }

    private static FaultException Failed(int exitCode, IReadOnlyList<string> output)
    {
        var answer = new WorkerAnswer(exitCode, "", string.Join('\n', output));
        return new FaultException(WorkerFaults.ExitCodeOf(answer), WorkerFaults.Read(answer, "merge"));
    }

    private sealed record MergeInput(string JobId);
}
