using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Datasets.Uploading;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Tasks;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Datasets.Reading;

/// <summary>
/// Splits a version in two by the hash of each row and a seed: the same rows always go the same way, equal rows go together, and a
/// row that is added later moves no other.
/// </summary>
internal sealed class SplitDataset(DatasetReader reader, FineTuneDatabase database, DatasetStore store, UploadDesk desk, DatasetOptions options) : ITaskHandler
{
    public const string KindName = "finetune.split";

    private const string FileName = "source.jsonl";

    private sealed record Wanted(string Dataset, int Version, double Share, long Seed, string Train, string Validation);

    public string Kind => KindName;

    /// <summary>What it made may be there already.</summary>
    public WhenLost WhenLost => WhenLost.Fail;

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var wanted = run.ReadInput<Wanted>();
        var found = await FindAsync(wanted, cancellationToken) ?? throw FaultException.Failed("dataset_gone", $"The dataset '{wanted.Dataset}' was deleted.", "There is nothing left to split.");
        var folder = desk.CreateFolder(PublicId.New());
        try
        {
            var (room, quota) = await store.RoomAsync(run.OwnerId!.Value, cancellationToken);
            var limit = new ByteLimit(room ?? long.MaxValue, () => DatasetFaults.OverQuota(quota!.Value));
            await run.ReportAsync(0, "Reading the rows.", cancellationToken);
            var sides = await UploadDesk.OnDiskAsync(() => WriteAsync(found, wanted, folder, limit, cancellationToken));
            await run.ReportAsync(80, "Keeping both parts.", cancellationToken);
            var train = await AddAsync(run, found, wanted.Train, sides.Train, cancellationToken);
            var validation = await AddAsync(run, found, wanted.Validation, sides.Validation, cancellationToken);
            await run.ReportAsync(100, $"{Units.Count(sides.TrainRows, "row")} to learn from, {Units.Count(sides.ValidationRows)} to measure with.", cancellationToken);
            return new JsonObject { ["train_dataset"] = train, ["train_rows"] = sides.TrainRows, ["validation_dataset"] = validation, ["validation_rows"] = sides.ValidationRows };
        }
        catch (HttpFaultException fault)
        {
            throw new FaultException(WorkerExitCode.Invalid, fault.Faults);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Whether a row is held out.</summary>
    public static bool IsHeldOut(UInt128 hash, long seed, double share)
    {
        Span<byte> key = stackalloc byte[24];
        BinaryPrimitives.WriteUInt128BigEndian(key, hash);
        BinaryPrimitives.WriteInt64BigEndian(key[16..], seed);
        return RowHasher.Hash(key) < share * ulong.MaxValue;
    }

    private sealed record Sides(StagedSource Train, long TrainRows, StagedSource Validation, long ValidationRows);

    private async Task<Sides> WriteAsync(FoundVersion found, Wanted wanted, string folder, ByteLimit limit, CancellationToken cancellationToken)
    {
        string train = Path.Combine(folder, "train"), validation = Path.Combine(folder, "validation");
        PrivateFiles.CreateFolder(train);
        PrivateFiles.CreateFolder(validation);
        using var first = new FileIntake(options.Create(Path.Combine(train, FileName)), limit);
        using var second = new FileIntake(options.Create(Path.Combine(validation, FileName)), limit);
        var (rows, held) = (0L, 0L);
        await Task.Run(() =>
        {
            var scanner = new RowScanner();
            var copy = Array.Empty<byte>();
            VersionData.Read(found, 0, (block, record, _) =>
            {
                var bytes = block.Bytes(record);
                if (!scanner.Scan(bytes, new FindingLog()))
                {
                    return true;
                }

                // A line break in JSON stands between values only: as a space, it leaves the row on one line.
                copy = copy.Length < record.Length + 1 ? new byte[(record.Length + 1) * 2] : copy;
                bytes.CopyTo(copy);
                var line = copy.AsSpan(0, record.Length + 1);
                line.Replace((byte)'\n', (byte)' ');
                line.Replace((byte)'\r', (byte)' ');
                line[^1] = (byte)'\n';
                var isHeld = IsHeldOut(scanner.Hash, wanted.Seed, wanted.Share);
                (isHeld ? second : first).Take(line);
                (rows, held) = (rows + 1, held + (isHeld ? 1 : 0));
                return true;
            }, cancellationToken);
        }, cancellationToken);
        if (held == 0 || held == rows)
        {
            throw HttpFaultException.Invalid("empty_part", $"Of {Units.Count(rows, "row")}, {Units.Count(held)} would be held out.", "Choose another share or seed.", "share");
        }

        await first.FlushAsync(cancellationToken);
        await second.FlushAsync(cancellationToken);
        var name = string.Create(CultureInfo.InvariantCulture, $"v{found.Version.Number}");
        return new Sides(
            new StagedSource(train, FileName, $"{name}-train.jsonl", first.Sha256(), first.Length), rows - held,
            new StagedSource(validation, FileName, $"{name}-validation.jsonl", second.Sha256(), second.Length), held);
    }

    private async Task<string> AddAsync(TaskRun run, FoundVersion found, string name, StagedSource source, CancellationToken cancellationToken)
    {
        var added = await store.AddAsync(new NewVersion
        {
            Source = source,
            Name = name,
            Description = string.Create(CultureInfo.InvariantCulture, $"Of version {found.Version.Number} of {found.Dataset.Name}."),
            OwnerId = run.OwnerId!.Value,
            Actor = AuditActors.System,
            CorrelationId = run.CorrelationId,
        }, cancellationToken);
        return added.Dataset.Id;
    }

    private async Task<FoundVersion?> FindAsync(Wanted wanted, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var dataset = await context.Set<Dataset>().AsNoTracking().SingleOrDefaultAsync(row => row.Id == wanted.Dataset && row.DeletedAt == null, cancellationToken);
        return dataset is null ? null : await reader.FindAsync(dataset, wanted.Version, cancellationToken);
    }
}
