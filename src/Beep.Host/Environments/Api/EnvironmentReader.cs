using System.Security.Claims;
using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Environments.Making;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Environments.Api;

/// <summary>Reads environments for a caller; where things lie on the server is told to those who may change them.</summary>
internal sealed class EnvironmentReader(HostDatabase database, EnvironmentDirectory directory, EnvironmentFolders folders, PackageReader packages, Func<PythonWorker> locate)
{
    public async Task<Page<EnvironmentView>> ListAsync(string? search, PageRequest page, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var rows = context.Set<EnvironmentRow>().AsNoTracking();
        if (search?.Trim() is { Length: > 0 } part)
        {
            var lower = part.ToLowerInvariant();
            rows = rows.Where(row => row.Name.Contains(lower));
        }

        var before = page.After;
        var found = await rows.Where(row => before == null || row.Seq < before).OrderByDescending(row => row.Seq).Take(page.Size + 1).ToListAsync(cancellationToken);
        var cut = page.Cut(found, row => row.Seq);
        var ids = cut.Items.Select(row => row.TaskId).OfType<string>().ToList();
        var tasks = await context.Set<TaskRow>().AsNoTracking().Where(task => ids.Contains(task.Id)).ToDictionaryAsync(task => task.Id, cancellationToken);
        return new Page<EnvironmentView>([.. cut.Items.Select(row => View(row, row.TaskId is { } id ? tasks.GetValueOrDefault(id) : null, caller))], cut.Next);
    }

    /// <exception cref="HttpFaultException">404: there is none. 409: it was removed.</exception>
    public async Task<EnvironmentView> GetAsync(string name, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await ViewAsync(await EnvironmentRegistry.RequireAsync(context, name, cancellationToken), caller, cancellationToken);
    }

    /// <summary>A row with the task that works on it.</summary>
    public async Task<EnvironmentView> ViewAsync(EnvironmentRow row, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return View(row, row.TaskId is { } id ? await context.Set<TaskRow>().AsNoTracking().SingleOrDefaultAsync(found => found.Id == id, cancellationToken) : null, caller);
    }

    /// <summary>The packages of an environment that is there.</summary>
    public async Task<Page<InstalledPackage>> ListPackagesAsync(string name, string? search, PageRequest page, CancellationToken cancellationToken)
    {
        EnvironmentRow row;
        await using (var context = database.CreateContext())
        {
            row = await EnvironmentRegistry.RequireAsync(context, name, cancellationToken);
        }

        if (row.State is EnvironmentState.Failed or EnvironmentState.Removing || !File.Exists(directory.PythonOf(row)))
        {
            throw HttpFaultException.Conflict("environment_not_whole", $"The environment '{name}' is not there whole.", "Wait until it is ready, or repair it.");
        }

        var environment = new PythonEnvironment(row.Name, directory.PythonOf(row), row.State, new Dictionary<string, string?>()) { IsCreatedHere = row.Origin == EnvironmentOrigin.Created };
        IReadOnlyList<InstalledPackage> all;
        try
        {
            all = await packages.ListAsync(environment, row.Version, cancellationToken);
        }
        catch (FaultException fault)
        {
            throw HttpFaultException.Conflict(fault.Faults[0].Code, fault.Faults[0].Message, fault.Faults[0].Remedy);
        }

        var wanted = search?.Trim() is { Length: > 0 } part ? [.. all.Where(package => package.Name.Contains(part, StringComparison.OrdinalIgnoreCase))] : all;
        var after = (int)Math.Clamp(page.After ?? 0, 0, wanted.Count);
        var items = wanted.Skip(after).Take(page.Size).ToList();
        return new Page<InstalledPackage>(items, after + items.Count < wanted.Count ? PageRequest.CursorOf(after + items.Count) : null);
    }

    /// <summary>The lock of an environment that was made here.</summary>
    /// <exception cref="HttpFaultException">404: it has none.</exception>
    public async Task<string> ReadLockAsync(string name, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var row = await EnvironmentRegistry.RequireAsync(context, name, cancellationToken);
        var path = row.Origin == EnvironmentOrigin.Created ? folders.Of(row.Name).Lock : null;
        return path is not null && new FileInfo(path) is { Exists: true, Length: <= LockFile.MostBytes }
            ? await File.ReadAllTextAsync(path, cancellationToken)
            : throw HttpFaultException.NotFound("no_lock", $"The environment '{name}' has no lock.", "Only one that was made here, and is whole, has one.");
    }

    public IReadOnlyList<PresetView> ListPresets() => [.. EnvironmentPreset.All.Select(preset => PresetView.Of(preset, Read(preset)))];

    private string? Read(EnvironmentPreset preset)
    {
        try
        {
            return preset.Read(locate());
        }
        catch (FaultException)
        {
            return null;
        }
    }

    private EnvironmentView View(EnvironmentRow row, TaskRow? task, ClaimsPrincipal caller) =>
        EnvironmentView.Of(row, task, caller.Holds(Permissions.EnvironmentsManage) ? directory.PythonOf(row) : null);
}
