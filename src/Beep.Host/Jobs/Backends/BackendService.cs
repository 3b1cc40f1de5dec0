using System.Text.Json;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs.Api;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Stored;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Backends;

/// <summary>Lists and changes the workers that admins have registered.</summary>
internal sealed class BackendService(FineTuneDatabase database, FineTuneWriter writer, TimeProvider time)
{
    private static readonly JobState[] Active = [JobState.Validating, JobState.Queued, JobState.Running, JobState.Cancelling];

    public async Task<Page<BackendView>> ListAsync(PageRequest page, bool isWhole, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var after = page.After ?? 0;
        var rows = await context.Set<CustomBackend>().AsNoTracking().Where(backend => backend.Id > after).OrderBy(backend => backend.Id).Take(page.Size + 1).ToListAsync(cancellationToken);
        var cut = page.Cut(rows, backend => backend.Id);
        return new Page<BackendView>([.. cut.Items.Select(backend => BackendView.Of(backend, isWhole))], cut.Next);
    }

    /// <exception cref="HttpFaultException">404.</exception>
    public async Task<BackendView> GetAsync(string name, bool isWhole, CancellationToken cancellationToken) =>
        BackendView.Of(await FindAsync(name, cancellationToken) ?? throw NotFound(name), isWhole);

    /// <summary>The row of that name; null for none.</summary>
    public async Task<CustomBackend?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await context.Set<CustomBackend>().AsNoTracking().SingleOrDefaultAsync(backend => backend.Name == name, cancellationToken);
    }

    /// <summary>Registers a worker, or replaces what is registered under the name; whether it is new.</summary>
    public async Task<(BackendView Backend, bool IsNew)> SetAsync(string name, BackendChange wanted, AuditActor actor, CancellationToken cancellationToken)
    {
        BackendRules.Require(name, wanted.Description, wanted.Definition);
        return await writer.ChangeAsync(async (both, token) =>
        {
            var backend = await both.FineTune.Set<CustomBackend>().SingleOrDefaultAsync(row => row.Name == name, token);
            var (now, definition) = (time.GetUtcNow(), JsonSerializer.Serialize(wanted.Definition, JobJson.Options));
            var isNew = backend is null;
            if (backend is null)
            {
                backend = new CustomBackend { Name = name, Definition = definition, CreatedAt = now, UpdatedAt = now };
                both.FineTune.Add(backend);
            }

            (backend.Description, backend.IsEnabled, backend.Definition, backend.UpdatedAt, backend.Revision) = (wanted.Description, wanted.IsEnabled, definition, now, backend.Revision + 1);
            return ((BackendView.Of(backend, isWhole: true), isNew), Entry(actor, isNew ? "backend_registered" : "backend_changed", name, What(wanted.Definition)));
        }, cancellationToken);
    }

    /// <exception cref="HttpFaultException">404; 409 while jobs that wait or run name it.</exception>
    public Task DeleteAsync(string name, AuditActor actor, CancellationToken cancellationToken) => writer.ChangeAsync(async (both, token) =>
    {
        var backend = await both.FineTune.Set<CustomBackend>().SingleOrDefaultAsync(row => row.Name == name, token) ?? throw NotFound(name);
        var placements = await both.FineTune.Set<Job>().AsNoTracking().Where(job => Active.Contains(job.State) && job.Placement != null).Select(job => job.Placement).ToListAsync(token);
        var jobs = placements.Count(placement => Placement.Read(placement).CustomBackend == name);
        if (jobs > 0)
        {
            throw HttpFaultException.Conflict("backend_in_use", $"{Hosting.Units.Count(jobs, "job")} that wait or run name the backend '{name}'.", "Wait for them or cancel them first, or switch the backend off.");
        }

        both.FineTune.Remove(backend);
        return (true, Entry(actor, "backend_deleted", name, What(BackendView.ReadDefinition(backend))));
    }, cancellationToken);

    private static string What(BackendDefinition definition) => definition.Engine is { } engine ? $"{engine} {definition.Image}" : definition.Program!;

    private static HttpFaultException NotFound(string name) => HttpFaultException.NotFound("backend_not_found", $"No backend '{name}' is registered.", "Look it up in the list of backends.");

    private static AuditEntry Entry(AuditActor actor, string action, string name, string what) =>
        new() { Actor = actor, Action = action, ResourceType = "backend", ResourceId = name, Details = new AuditDetails { To = what.Length <= 200 ? what : what[..200] } };
}
