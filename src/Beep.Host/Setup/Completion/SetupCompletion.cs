using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Users;
using Beep.Host.Setup.Choices;
using Beep.Host.Setup.Drafts;
using Beep.Host.Setup.Probing;
using Beep.Host.Setup.Records;

namespace Beep.Host.Setup.Completion;

/// <summary>
/// Sets a host up: writes the settings, makes the tables, and then in one transaction the first administrator, the record
/// that this host is set up and the rows of the audit log. Ended anywhere, it leaves a host that is not set up and can be
/// begun again, or one that is.
/// </summary>
internal sealed partial class SetupCompletion(SetupSurroundings setup, DraftStore drafts, SetupProbes probes, TimeProvider time, ILogger<SetupCompletion> logger, CompletionWatch? watch = null) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when this host is set up.</summary>
    public Task Completed => _completed.Task;

    /// <exception cref="FaultException">Something cannot be used; every fault that can be found before anything is written.</exception>
    /// <exception cref="HttpFaultException">The host is set up already.</exception>
    public async Task CompleteAsync(SetupChoices choices, AuditActor actor, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using var home = await HomeLock.TakeAsync(setup.Paths, time, cancellationToken).ConfigureAwait(false);
            await RefuseIfSetUpAsync(cancellationToken).ConfigureAwait(false);
            var settings = Check(choices);
            var probed = await probes.TryDatabaseAsync(settings.Database, cancellationToken).ConfigureAwait(false);
            if (probed.IsTaken)
            {
                throw Taken();
            }

            await ReachAsync(CompletionPoint.Checked).ConfigureAwait(false);
            // From here on nobody's patience ends it: the page may be closed.
            await WriteAsync(settings, choices.Admin, actor).ConfigureAwait(false);
            _completed.TrySetResult();
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>What a completion would refuse before it writes anything.</summary>
    public IReadOnlyList<Fault> FindFaults(SetupChoices choices)
    {
        try
        {
            Check(choices);
            return [];
        }
        catch (FaultException error)
        {
            return error.Faults;
        }
    }

    public static HttpFaultException Taken() => HttpFaultException.Conflict(
        "database_taken", "This database belongs to another host.", "Choose another database. To run one more host on it, copy that host's SECRET_KEY and keys folder and set DATABASE_URL in the environment.");

    public void Dispose() => _one.Dispose();

    private async Task RefuseIfSetUpAsync(CancellationToken cancellationToken)
    {
        var address = HostConfiguration.Load(new HostSurroundings { Variable = setup.Variable }).RequireDatabase();
        if (_completed.Task.IsCompleted || await SetupState.IsCompleteAsync(new HostDatabase(address), cancellationToken).ConfigureAwait(false))
        {
            throw SetupState.AlreadySetUp();
        }
    }

    private ChoiceSettings Check(SetupChoices choices)
    {
        var (settings, faults) = ChoiceSettings.Of(choices, setup.Paths, setup.Variable);
        faults = [.. AdminRules.Check(choices.Admin), .. faults];
        return faults.Count == 0 ? settings! : throw new FaultException(WorkerExitCode.Invalid, faults);
    }

    private async Task WriteAsync(ChoiceSettings settings, AdminChoice admin, AuditActor actor)
    {
        var file = new SettingsFile(setup.Paths);
        var before = file.Read();
        file.Change(settings.Changes);
        await ReachAsync(CompletionPoint.SettingsWritten).ConfigureAwait(false);
        try
        {
            var draft = new AdminDraft(admin.Username, admin.Password!) { Email = admin.Email, DisplayName = admin.DisplayName };
            await new FirstAdmin(settings, actor, time, ReachAsync).CreateAsync(draft, drafts.Load().Events, CancellationToken.None).ConfigureAwait(false);
        }
        catch (HttpFaultException error) when (error.Status == StatusCodes.Status409Conflict)
        {
            // Another home has set up this database first: what was written here would make this one a second host of it.
            file.Restore(before);
            throw;
        }
        catch (FaultException error) when (error.Faults[0].Code == AuditWriter.KeyChanged)
        {
            // Another home has begun to.
            file.Restore(before);
            throw Taken();
        }

        await ReachAsync(CompletionPoint.Committed).ConfigureAwait(false);
        try
        {
            SetupLeftovers.Remove(setup.Paths, drafts);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next start tries again.
            Log.LeftOver(logger, error);
        }

        await ReachAsync(CompletionPoint.CleanedUp).ConfigureAwait(false);
    }

    private Task ReachAsync(CompletionPoint point) => watch is null ? Task.CompletedTask : watch(point);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The host is set up, but the setup token or draft could not be removed.")]
        public static partial void LeftOver(ILogger logger, Exception error);
    }
}
