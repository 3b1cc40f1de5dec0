using System.Globalization;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Datasets.Files;
using Beep.Host.Datasets.Rows;
using Beep.Host.Hosting;
using Beep.Host.Tasks;
using Beep.LanguageModels.Datasets.Checking;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Datasets.Checking;

/// <summary>Reads every row of a version: its report, its row hashes, and where a model is named its tokens. Doing it again gives the same.</summary>
internal sealed class ValidateDataset(DatasetReader reader, FineTuneDatabase database, FineTuneWriter writer, IModelFolders models, TimeProvider time) : ITaskHandler
{
    public const string KindName = "finetune.validate";

    private const string ReadStep = "Read the rows";
    private const string IndexStep = "Sort the row hashes";
    private const int IndexedFrom = 90;
    private static readonly TimeSpan LastWrite = TimeSpan.FromSeconds(30);

    private sealed record Wanted(string Dataset, int Version, string? Model);

    public string Kind => KindName;

    public string ResourceClass => Tasks.ResourceClass.Cpu;

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var wanted = run.ReadInput<Wanted>();
        var found = await FindAsync(wanted, cancellationToken) ?? throw FaultException.Failed("dataset_gone", $"The dataset '{wanted.Dataset}' was deleted.", "There is nothing left to check.");
        try
        {
            var model = wanted.Model is { } id ? await LoadAsync(id, cancellationToken) : null;
            return await CheckAsync(run, found, model, cancellationToken);
        }
        catch (Exception error)
        {
            run.Log(error is FaultException fault ? fault.Faults[0].Message : error is OperationCanceledException ? "Stopped." : "Failed unexpectedly.");
            using var last = new CancellationTokenSource(LastWrite, time);
            await FailAsync(found, last.Token);
            throw;
        }
    }

    private async Task<JsonObject?> CheckAsync(TaskRun run, FoundVersion found, RowModel? model, CancellationToken cancellationToken)
    {
        RowIndexWriter.RemoveLeftovers(found.Folder);
        using var index = new RowIndexWriter(found.Folder);
        await run.BeginStepAsync(ReadStep, cancellationToken);
        var watch = new Progress(run, found.Version.Bytes, time, cancellationToken);
        DatasetReport report;
        DataSpec data;
        try
        {
            (report, data) = await Task.Run(() => RowChecker.Check(found.Path, model, block => Take(block, index, watch), cancellationToken), cancellationToken);
        }
        catch (FaultException fault)
        {
            // The file is at fault and not the task: that is a report like any other.
            ReportFile.Write(found.Folder, fault.Faults, found.Path, found.Version.SourceName, found.Version.Bytes);
            await run.FailStepAsync(ReadStep, QuickCheck.Hide(fault.Faults[0], found.Path, found.Version.SourceName).Message, cancellationToken);
            await FinishAsync(found, version => (version.State, version.Rows, version.Errors, version.Warnings) = (DatasetState.Invalid, 0, fault.Faults.Count, 0), run, cancellationToken);
            return new JsonObject { ["state"] = "invalid", ["errors"] = fault.Faults.Count };
        }

        await run.CompleteStepAsync(ReadStep, Units.Count(report.Rows, "row"), cancellationToken);
        await run.BeginStepAsync(IndexStep, cancellationToken);
        await run.ReportAsync(IndexedFrom, "Sorting the row hashes.", cancellationToken);
        await Task.Run(() => index.Complete(cancellationToken), cancellationToken);
        await run.CompleteStepAsync(IndexStep, null, cancellationToken);
        Write(found, report, data, model);
        var errors = (int)Math.Min(int.MaxValue, report.Errors);
        var warnings = (int)Math.Min(int.MaxValue, report.Findings.Sum(group => group.Count) - report.Errors);
        await FinishAsync(found, version =>
        {
            (version.State, version.Format, version.Rows, version.Errors, version.Warnings) = (errors == 0 ? DatasetState.Ready : DatasetState.Invalid, report.Format, report.Rows, errors, warnings);
            (version.Tokens, version.TrainableTokens) = report.Tokens is { } tokens ? (tokens.Tokens, tokens.TrainableTokens) : (version.Tokens, version.TrainableTokens);
        }, run, cancellationToken);
        var message = $"{Units.Count(report.Rows, "row")}, {Units.Count(report.ValidRows)} of them sound.";
        run.Log(message);
        await run.ReportAsync(100, message, cancellationToken);
        return new JsonObject { ["state"] = errors == 0 ? "ready" : "invalid", ["rows"] = report.Rows, ["valid_rows"] = report.ValidRows, ["errors"] = errors, ["warnings"] = warnings };
    }

    private static void Take(CheckedBlock block, RowIndexWriter index, Progress progress)
    {
        foreach (var (hash, line) in block.Hashes)
        {
            index.Add(hash, line);
        }

        progress.Add(block.Bytes, block.Rows);
    }

    private static void Write(FoundVersion found, DatasetReport report, DataSpec data, RowModel? model)
    {
        ReportFile.Write(found.Folder, report, found.Version.SourceName, data.Columns, model?.Id);
        if (model is not null)
        {
            LengthsFile.Of(model.Id, report.Tokens!).Write(found.Folder);
        }

        if (DatasetManifest.Read(found.Folder) is { } manifest)
        {
            (manifest with { Format = report.Format, Columns = data.Columns, Rows = report.Rows, RowHashes = RowIndex.FileName }).Write(found.Folder);
        }
    }

    /// <summary>The version, marked as one that is being checked.</summary>
    private async Task<FoundVersion?> FindAsync(Wanted wanted, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var dataset = await context.Set<Dataset>().AsNoTracking().SingleOrDefaultAsync(row => row.Id == wanted.Dataset && row.DeletedAt == null, cancellationToken);
        if (dataset is null || await reader.FindAsync(dataset, wanted.Version, cancellationToken) is not { } found)
        {
            return null;
        }

        await context.Set<DatasetVersion>().Where(version => version.Seq == found.Version.Seq && version.State == DatasetState.Failed)
            .ExecuteUpdateAsync(version => version.SetProperty(row => row.State, DatasetState.Checking), cancellationToken);
        return found;
    }

    private async Task<RowModel> LoadAsync(string modelId, CancellationToken cancellationToken) =>
        await models.FindAsync(modelId, caller: null, cancellationToken) is { } folder
            ? await Task.Run(() => RowModel.Load(modelId, folder), cancellationToken)
            : throw FaultException.Failed("model_gone", $"There is no model '{modelId}' any more.", "Choose another one.");

    private Task<bool> FinishAsync(FoundVersion found, Action<DatasetVersion> change, TaskRun run, CancellationToken cancellationToken) => writer.ChangeAsync<bool>(async (both, token) =>
    {
        var version = await both.FineTune.Set<DatasetVersion>().SingleAsync(row => row.Seq == found.Version.Seq, token);
        change(version);
        return (true, new AuditEntry
        {
            Actor = AuditActors.System,
            Action = "dataset_checked",
            ResourceType = DatasetAccess.Resource,
            ResourceId = found.Dataset.Id,
            CorrelationId = run.CorrelationId,
            Details = new AuditDetails { Name = found.Dataset.Name, To = string.Create(CultureInfo.InvariantCulture, $"version {version.Number} {version.State.ToString().ToLowerInvariant()}"), Count = version.Errors },
        });
    }, cancellationToken);

    /// <summary>A version that was checked before keeps what is known of it.</summary>
    private async Task FailAsync(FoundVersion found, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        await context.Set<DatasetVersion>().Where(version => version.Seq == found.Version.Seq && version.State == DatasetState.Checking)
            .ExecuteUpdateAsync(version => version.SetProperty(row => row.State, DatasetState.Failed), cancellationToken);
    }

    /// <summary>Reports from the thread that checks, which does not wait for the database.</summary>
    private sealed class Progress(TaskRun run, long bytes, TimeProvider time, CancellationToken cancellationToken)
    {
        private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(300);

        private long _bytes;
        private long _rows;
        private long _said;
        private Task _report = Task.CompletedTask;

        public void Add(long more, long rows)
        {
            (_bytes, _rows) = (_bytes + more, _rows + rows);
            if (_report.IsCompleted && time.GetElapsedTime(_said) > Every)
            {
                _said = time.GetTimestamp();
                _report = run.ReportAsync((int)Math.Min(IndexedFrom, _bytes * IndexedFrom / Math.Max(1, bytes)), $"{Units.Count(_rows, "row")} read.", cancellationToken);
            }
        }
    }
}
