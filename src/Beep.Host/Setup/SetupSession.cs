using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Setup.Choices;
using Beep.Host.Setup.Completion;
using Beep.Host.Setup.Drafts;
using Beep.Host.Setup.Probing;
using Beep.Host.Setup.Unlocking;

namespace Beep.Host.Setup;

/// <summary>The wizard of one browser. It is shut until the token is given, and knows no secret after the browser is gone.</summary>
internal sealed class SetupSession(
    SetupLock gate, DraftStore drafts, SetupJournal journal, SetupProbes probes, SetupCompletion completion, SetupSurroundings setup, TimeProvider time, IHttpContextAccessor accessor)
{
    // A circuit begins with a request; who sent it stays.
    private readonly string? _ipAddress = accessor.HttpContext?.Connection.RemoteIpAddress?.ToString();

    public bool IsUnlocked { get; private set; }

    /// <summary>Whether the answers are those of an earlier visit, without their secrets.</summary>
    public bool IsResumed { get; private set; }

    /// <summary>The step that was open then.</summary>
    public int ResumedStep { get; private set; }

    public SetupChoices Choices { get; private set; } = new();

    public FixedSettings Given { get; } = new(setup.Variable);

    public HostOptions Options => setup.Options;

    /// <summary>The password once more, as it was typed.</summary>
    public string? RepeatedPassword { get; set; }

    /// <summary>What the database said, as long as its fields have not changed since.</summary>
    public DatabaseProbeResult? Tried { get; private set; }

    public bool IsDatabaseTried => Tried is { IsTaken: false };

    public void ForgetDatabase() => Tried = null;

    public void Unlock(string? token)
    {
        gate.Require(token, _ipAddress);
        var draft = drafts.Load();
        IsResumed = draft.Choices is not null;
        (Choices, ResumedStep) = draft.Choices is { } known ? (known, draft.Step) : (ChoiceDefaults.Of(setup.Options, new SettingsFile(setup.Paths), Given), 0);
        IsUnlocked = true;
        journal.Add(IsResumed ? SetupActions.Resumed : SetupActions.Unlocked, _ipAddress);
    }

    /// <summary>Keeps the answers so far, without secrets.</summary>
    public void Save(int step, string name)
    {
        Require();
        drafts.Change(draft => draft with { Choices = Choices.WithoutSecrets(), Step = step, SavedAt = time.GetUtcNow() });
        journal.Add(SetupActions.StepSaved, _ipAddress, name);
    }

    /// <summary>The database that the settings name where they do, else the chosen one.</summary>
    public DatabaseAddress ResolveDatabase() => Given.Has(SettingKeys.Database) ? setup.Options.Database! : Choices.Database.Resolve(setup.Paths).Address;

    public async Task TryDatabaseAsync(CancellationToken cancellationToken)
    {
        Require();
        var address = ResolveDatabase();
        Tried = null;
        Tried = await RecordAsync(SetupActions.DatabaseTested, () => probes.TryDatabaseAsync(address, cancellationToken));
        if (Tried.IsTaken)
        {
            throw SetupCompletion.Taken();
        }
    }

    public async Task<DiscoveryProbeResult> TryDiscoveryAsync(CancellationToken cancellationToken)
    {
        Require();
        return await RecordAsync(SetupActions.DiscoveryTested, () => probes.TryDiscoveryAsync(Choices.SignIn.Authority, cancellationToken));
    }

    /// <summary>Everything that would be refused, before anything is written.</summary>
    public IReadOnlyList<Fault> Check()
    {
        var faults = completion.FindFaults(Choices);
        return !string.IsNullOrEmpty(Choices.Admin.Password) && RepeatedPassword != Choices.Admin.Password
            ? [.. faults, new Fault("passwords_differ", "The two passwords are not the same.", "Type the same password twice.", "admin.repeated")]
            : faults;
    }

    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        Require();
        await completion.CompleteAsync(Choices, FirstAdmin.Visitor(_ipAddress), cancellationToken);
    }

    private void Require()
    {
        if (!IsUnlocked)
        {
            throw new InvalidOperationException("The setup is locked.");
        }

        gate.RequireAlive();
    }

    private async Task<T> RecordAsync<T>(string action, Func<Task<T>> work)
    {
        var outcome = AuditOutcome.Refused;
        try
        {
            var result = await work();
            outcome = AuditOutcome.Succeeded;
            return result;
        }
        finally
        {
            journal.Add(action, _ipAddress, outcome: outcome);
        }
    }
}
