using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Settings;

/// <summary>Shows the settings and changes those that config/host.json says. They hold from the next start on.</summary>
internal sealed class SettingsService(SettingsOrigin origin, HostPaths paths, HostDatabase database, WayIn wayIn, AuditWriter audit) : IDisposable
{
    // The database moves by a backup, the key by a command that says what becomes of sessions, the home not at all.
    private static readonly HashSet<SettingKey> OnTheMachine = [SettingKeys.Database, SettingKeys.SecretKey, SettingKeys.Home];

    private readonly SemaphoreSlim _turn = new(1);

    public IReadOnlyList<SettingView> Read()
    {
        var values = Load(origin).Values;
        return [.. SettingKeys.All.Select(key => View(key, values))];
    }

    /// <summary>Writes changes; a null takes a setting back to its default. All of them or none.</summary>
    /// <exception cref="HttpFaultException">A setting is unknown, cannot be changed here, or the server could not start with it.</exception>
    public async Task<IReadOnlyList<SettingView>> ChangeAsync(AuditActor actor, IReadOnlyDictionary<string, string?> changes, CancellationToken cancellationToken)
    {
        var known = changes.ToDictionary(change => Require(change.Key), change => Clean(change.Value));
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var before = Load(origin).Values;
            var different = known.Where(change => before.GetValueOrDefault(change.Key.Name) != change.Value).ToDictionary();
            if (different.Count > 0)
            {
                await wayIn.RequireAsync(origin.Running, After(before, different), cancellationToken);
                await WriteAsync(actor, different, before, cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }

        return Read();
    }

    public void Dispose() => _turn.Dispose();

    private async Task WriteAsync(AuditActor actor, Dictionary<SettingKey, string?> changes, IReadOnlyDictionary<string, string> before, CancellationToken cancellationToken)
    {
        var file = new SettingsFile(paths);
        var content = file.Read();
        try
        {
            file.Change(changes);
            var configuration = Load(origin);
            if (configuration.Faults.Count > 0)
            {
                throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, configuration.Faults);
            }

            await using var context = database.CreateContext();
            await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
            foreach (var (key, value) in changes)
            {
                await audit.AppendAsync(context, Entry(actor, key, before.GetValueOrDefault(key.Name), value), cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }
        catch
        {
            file.Restore(content);
            throw;
        }
    }

    private static Dictionary<string, string?> After(IReadOnlyDictionary<string, string> before, Dictionary<SettingKey, string?> changes)
    {
        var after = before.ToDictionary(pair => pair.Key, pair => (string?)pair.Value);
        foreach (var (key, value) in changes)
        {
            after[key.Name] = value;
        }

        return after;
    }

    private static AuditEntry Entry(AuditActor actor, SettingKey key, string? from, string? to) => new()
    {
        Actor = actor,
        Action = "setting_changed",
        ResourceType = "setting",
        ResourceId = key.Name,
        Details = key.IsSecret ? new AuditDetails { Name = key.Name } : new AuditDetails { Name = key.Name, From = from ?? key.Default, To = to ?? key.Default },
    };

    private SettingKey Require(string name)
    {
        var key = SettingKeys.All.FirstOrDefault(key => key.Name == name)
            ?? throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, new Fault("unknown_setting", $"'{name}' is no setting.", "Look it up in the list of settings.", name));
        return OnTheMachine.Contains(key) ? throw Refused(key, "is changed on the machine of the server", "Set it there, and restart the server.")
            : IsFixed(key) ? throw Refused(key, "is set by the server's environment, which wins", "Change it there, and restart the server.")
            : key;
    }

    private static HttpFaultException Refused(SettingKey key, string why, string remedy) =>
        new(StatusCodes.Status409Conflict, new Fault("setting_fixed", $"{key.Name} {why}.", remedy, key.Name));

    private SettingView View(SettingKey key, IReadOnlyDictionary<string, string> values)
    {
        var value = values.GetValueOrDefault(key.Name);
        var isSecret = key.IsSecret && key != SettingKeys.Database;
        return new SettingView
        {
            Name = key.Name,
            Value = key == SettingKeys.Database ? database.Address.Display : key == SettingKeys.Home ? paths.Home : isSecret ? null : value ?? key.Default,
            IsSet = value is not null,
            IsSecret = isSecret,
            Source = IsFixed(key) ? SettingSource.Environment : value is null ? SettingSource.Default : SettingSource.File,
            IsEditable = !OnTheMachine.Contains(key) && !IsFixed(key),
            NeedsRestart = value != origin.Running.GetValueOrDefault(key.Name),
        };
    }

    private bool IsFixed(SettingKey key) => !string.IsNullOrWhiteSpace(origin.Variable(key.Name)) || (key.IsSecret && !string.IsNullOrWhiteSpace(origin.Variable(key.FileName)));

    private static string? Clean(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();

    private static HostConfiguration Load(SettingsOrigin origin) => HostConfiguration.Load(new HostSurroundings { Variable = origin.Variable });
}

/// <summary>Where the server's environment is read.</summary>
internal sealed record SettingsOrigin(Func<string, string?> Variable)
{
    /// <summary>What this start has taken up; the file may say something else since.</summary>
    public IReadOnlyDictionary<string, string> Running { get; } = HostConfiguration.Load(new HostSurroundings { Variable = Variable }).Values;
}
