using System.Globalization;
using System.Security.Cryptography;
using Beep.Host.Data;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Audit;

/// <summary>Reads the whole chain and holds it against the key and the checkpoints.</summary>
internal sealed class AuditVerifier(AuditKey key, AuditCheckpointFile file)
{
    public async Task<AuditReport> VerifyAsync(HostDbContext context, CancellationToken cancellationToken)
    {
        var instanceId = (await context.Set<Instance>().AsNoTracking().SingleAsync(cancellationToken).ConfigureAwait(false)).InstanceId;
        // Read before the rows: a row that is written meanwhile is only newer than the last of them.
        var lines = file.Read();
        var checkpoints = lines.Select(line => line.Checkpoint).OfType<AuditCheckpoint>().Where(checkpoint => checkpoint.InstanceId == instanceId && checkpoint.IsSignedBy(key)).ToList();
        var report = new AuditReport { SoundRows = 0, Checkpoints = checkpoints.Count, LastCheckpointedRow = checkpoints.Select(checkpoint => checkpoint.Seq).DefaultIfEmpty().Max() };

        var (sound, hash) = (0L, key.Genesis(instanceId));
        var expected = checkpoints.ToLookup(checkpoint => checkpoint.Seq);
        await foreach (var row in context.Set<AuditRow>().AsNoTracking().OrderBy(row => row.Seq).AsAsyncEnumerable().WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (Problem(row, sound, hash, expected) is { } problem)
            {
                return report with { SoundRows = sound, FirstBadRow = Math.Min(row.Seq, sound + 1), Problem = problem };
            }

            (sound, hash) = (row.Seq, row.Hash);
        }

        if (checkpoints.MaxBy(checkpoint => checkpoint.Seq) is { } last && last.Seq > sound)
        {
            var missing = last.Seq == sound + 1 ? $"Row {last.Seq} is missing" : $"Rows {sound + 1} to {last.Seq} are missing";
            return report with { SoundRows = sound, FirstBadRow = sound + 1, Problem = $"{missing} at the end; a checkpoint of {When(last)} holds row {last.Seq}." };
        }

        var damaged = lines.Where(line => line.Checkpoint is null || (line.Checkpoint.InstanceId == instanceId && !line.Checkpoint.IsSignedBy(key))).Select(line => line.Line).FirstOrDefault();
        return damaged > 0
            ? report with { SoundRows = sound, Problem = $"Line {damaged} of '{file.Path}' is not as it was written." }
            : report with { SoundRows = sound, Head = sound == 0 ? null : new AuditHead(instanceId, sound, hash) };
    }

    private string? Problem(AuditRow row, long sound, byte[] previous, ILookup<long, AuditCheckpoint> checkpoints)
    {
        if (row.Seq != sound + 1)
        {
            return row.Seq <= sound ? $"Row {row.Seq} is out of place." : $"Row {sound + 1} is missing; the next one is {row.Seq}.";
        }

        if (row.KeyId != key.Id)
        {
            return $"Row {row.Seq} names the key '{row.KeyId}', and this home holds '{key.Id}'.";
        }

        if (!CryptographicOperations.FixedTimeEquals(row.Hash, key.Chain(previous, row)))
        {
            return $"Row {row.Seq} is not as it was written, or not in its place.";
        }

        var hash = Convert.ToHexStringLower(row.Hash);
        return checkpoints[row.Seq].FirstOrDefault(checkpoint => checkpoint.Hash != hash) is { } other
            ? $"Row {row.Seq} is not the one that a checkpoint of {When(other)} holds."
            : null;
    }

    private static string When(AuditCheckpoint checkpoint) => checkpoint.At.ToString("u", CultureInfo.InvariantCulture);
}
