using Beep.Host.Data;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Environments;

/// <summary>Environments for those who run programs in them.</summary>
internal sealed class EnvironmentDirectory(HostDatabase database, HostPaths paths)
{
    /// <summary>The environment of that name whatever its state; null when there is none.</summary>
    public async Task<PythonEnvironment?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var row = await context.Set<EnvironmentRow>().AsNoTracking().SingleOrDefaultAsync(found => found.Name == name, cancellationToken);
        return row is null ? null : Of(row);
    }

    /// <summary>Those that can run a job now, in the order of their names.</summary>
    public async Task<IReadOnlyList<PythonEnvironment>> ListReadyAsync(CancellationToken cancellationToken) =>
        [.. (await ListAsync(cancellationToken)).Where(environment => environment.State == EnvironmentState.Ready)];

    /// <summary>All of them, in the order of their names.</summary>
    public async Task<IReadOnlyList<PythonEnvironment>> ListAsync(CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var rows = await context.Set<EnvironmentRow>().AsNoTracking().ToListAsync(cancellationToken);
        return [.. rows.OrderBy(row => row.Name, StringComparer.Ordinal).Select(Of)];
    }

    /// <summary>The interpreter of a row, absolute.</summary>
    public string PythonOf(EnvironmentRow row) => Path.GetFullPath(row.Python, paths.Home);

    private PythonEnvironment Of(EnvironmentRow row)
    {
        var report = EnvironmentReport.Read(row.Report) ?? new EnvironmentReport();
        return new PythonEnvironment(row.Name, PythonOf(row), row.State, report.Methods)
        {
            Devices = report.Devices,
            Libraries = report.Libraries,
            IsCreatedHere = row.Origin == EnvironmentOrigin.Created,
            PythonVersion = row.PythonVersion,
        };
    }
}
