using System.Security.Claims;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Runs;
using Beep.Host.Jobs.Stored;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.OpenAi.Files;

/// <summary>Datasets and the figures of jobs, as files. A file is a version, so that what an id names never changes.</summary>
internal sealed class FileCatalogue(FineTuneDatabase database, DatasetReader datasets, PrivilegeService privileges, JobAccess jobs, RunResults results)
{
    public const string Purpose = "fine-tune";
    public const string ResultPurpose = "fine-tune-results";

    private const string ResultName = "step_metrics.csv";

    /// <summary>The newest version of every dataset of the caller's and of those that were shared.</summary>
    public async Task<ListView<FileView>> ListAsync(string? purpose, int limit, bool isAscending, string? after, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        if (purpose is not (null or Purpose))
        {
            return new ListView<FileView>([], false);
        }

        var from = after is null ? null : await RequireAsync(after, "after", caller, cancellationToken);
        var user = caller.RequireUserId();
        var shared = await privileges.ListIdsAsync(user, DatasetAccess.Resource, AccessLevel.Read, cancellationToken);
        await using var context = database.CreateContext();
        var visible = context.Set<Dataset>().AsNoTracking().Where(dataset => dataset.DeletedAt == null && (dataset.OwnerId == user || shared.Contains(dataset.Id)));
        visible = from is null ? visible : isAscending ? visible.Where(dataset => dataset.Seq > from.Dataset.Seq) : visible.Where(dataset => dataset.Seq < from.Dataset.Seq);
        var ordered = isAscending ? visible.OrderBy(dataset => dataset.Seq) : visible.OrderByDescending(dataset => dataset.Seq);
        var rows = await (
            from dataset in ordered.Take(limit + 1)
            join version in context.Set<DatasetVersion>() on new { dataset.Seq, Number = dataset.LatestVersion } equals new { Seq = version.DatasetSeq, version.Number }
            select new { dataset, version }).ToListAsync(cancellationToken);
        var sorted = isAscending ? rows.OrderBy(row => row.dataset.Seq) : rows.OrderByDescending(row => row.dataset.Seq);
        return new ListView<FileView>([.. sorted.Take(limit).Select(row => View(row.dataset, row.version))], rows.Count > limit);
    }

    /// <exception cref="HttpFaultException">404: there is none for this caller.</exception>
    public async Task<FileView> GetAsync(string id, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        if (OpenAiIds.ReadFile(id) is { IsResult: true } result)
        {
            var job = await RequireResultAsync(id, result, caller, cancellationToken);
            await using var counter = new CountingStream();
            await results.WriteOpenAiAsync(job.Id, counter, cancellationToken);
            return new FileView { Id = id, Bytes = counter.Length, CreatedAt = (job.FinishedAt ?? job.CreatedAt).ToUnixTimeSeconds(), Filename = ResultName, Purpose = ResultPurpose, Status = "processed" };
        }

        var found = await RequireAsync(id, "file_id", caller, cancellationToken);
        return View(found.Dataset, found.Version);
    }

    /// <summary>What is in it, as a file to keep.</summary>
    public async Task<IResult> OpenAsync(string id, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        const string octets = "application/octet-stream";
        if (OpenAiIds.ReadFile(id) is { IsResult: true } result)
        {
            var job = await RequireResultAsync(id, result, caller, cancellationToken);
            return TypedResults.Stream(stream => results.WriteOpenAiAsync(job.Id, stream, cancellationToken), octets, ResultName);
        }

        var found = await RequireAsync(id, "file_id", caller, cancellationToken);
        return TypedResults.PhysicalFile(found.Path, octets, found.Version.SourceName, enableRangeProcessing: true);
    }

    /// <summary>A version that a file id names.</summary>
    /// <exception cref="HttpFaultException">404: there is none for this caller.</exception>
    public async Task<FoundVersion> RequireAsync(string id, string param, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        if (OpenAiIds.ReadFile(id) is not { IsResult: false } file)
        {
            throw OpenAiRequests.NoFile(id, param);
        }

        try
        {
            return await datasets.RequireAsync(file.Id, file.Version, caller, AccessLevel.Read, cancellationToken);
        }
        catch (HttpFaultException fault) when (fault.Status is StatusCodes.Status404NotFound or StatusCodes.Status409Conflict)
        {
            throw OpenAiRequests.NoFile(id, param);
        }
    }

    public static FileView View(Dataset dataset, DatasetVersion version) => new()
    {
        Id = new FileId(dataset.Id, version.Number).ToString(),
        Bytes = version.Bytes,
        CreatedAt = version.CreatedAt.ToUnixTimeSeconds(),
        Filename = version.SourceName,
        Purpose = Purpose,
        Status = version.State switch
        {
            DatasetState.Checking => "uploaded",
            DatasetState.Ready => "processed",
            _ => "error",
        },
        StatusDetails = version.State switch
        {
            DatasetState.Invalid => $"{Units.Count(version.Errors ?? 0, "error")}: the report of the dataset '{dataset.Id}' says which.",
            DatasetState.Failed => "It could not be checked; the log of its task says why.",
            _ => null,
        },
    };

    private async Task<Job> RequireResultAsync(string id, FileId result, ClaimsPrincipal caller, CancellationToken cancellationToken) =>
        await jobs.FindAsync(result.Id, caller, AccessLevel.Read, cancellationToken) is { DeletedAt: null, State: JobState.Succeeded } job ? job : throw OpenAiRequests.NoFile(id);

    /// <summary>Counts what is written to it.</summary>
    private sealed class CountingStream : Stream
    {
        private long _length;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position { get => _length; set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => _length += count;

        public override void Write(ReadOnlySpan<byte> buffer) => _length += buffer.Length;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _length += buffer.Length;
            return ValueTask.CompletedTask;
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            _length += count;
            return Task.CompletedTask;
        }
    }
}
