using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Environments.Making;

/// <summary>
/// Does the work on environments that were added or begun with in the registry. Begun again after its host was lost, each comes to the same;
/// stopped on the way, it leaves an environment whole or absent.
/// </summary>
internal sealed class EnvironmentBuilder(
    EnvironmentRegistry registry, EnvironmentFolders folders, EnvironmentDirectory directory, EnvironmentVerifier verifier, EnvironmentMaker maker,
    PackageReader packages, TimeProvider time)
{
    private const string StoppedText = "It was stopped before it was whole.";

    /// <summary>Makes an environment from its preset, or verifies one that somebody else made.</summary>
    public Task<EnvironmentRow> CreateAsync(string id, IEnvironmentRun run, AuditActor actor, CancellationToken cancellationToken) => GuardAsync(id, EnvironmentWork.Repair, "environment_added", actor, async row =>
    {
        if (row.State == EnvironmentState.Ready)
        {
            return row;
        }

        var steps = new EnvironmentSteps(run, time);
        var place = folders.Of(row.Name);
        VerifiedEnvironment found;
        if (place.IsOf(row.Id))
        {
            // Its host ended between the rename and the row.
            found = await verifier.VerifyAsync(steps, Of(row, place), 0, 99, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            var incoming = folders.CreateIncoming(row.Id);
            var given = folders.GivenLockOf(row.Id);
            await maker.MakeAsync(steps, row, incoming, File.Exists(given) ? LockFile.Parse(await File.ReadAllTextAsync(given, cancellationToken).ConfigureAwait(false)) : null, 0, 70, cancellationToken).ConfigureAwait(false);
            found = await verifier.VerifyAsync(steps, Of(row, incoming), 70, 99, cancellationToken).ConfigureAwait(false);
            incoming.PretendAt(place);
            folders.Settle(incoming, row.Name);
        }

        var whole = await registry.CompleteAsync(row.Id, found, "environment_completed", time.GetUtcNow(), changed => Describe(changed, place), actor).ConfigureAwait(false);
        folders.DiscardGivenLock(row.Id);
        return whole;
    }, cancellationToken);

    /// <summary>Runs in an environment what jobs run, and stores what was found.</summary>
    public Task<EnvironmentRow> VerifyAsync(string id, IEnvironmentRun run, AuditActor actor, CancellationToken cancellationToken) => GuardAsync(id, EnvironmentWork.Verify, "environment_verified", actor, async row =>
    {
        var found = await verifier.VerifyAsync(new EnvironmentSteps(run, time), Of(row), 0, 95, cancellationToken).ConfigureAwait(false);
        return await registry.CompleteAsync(row.Id, found, "environment_verified", time.GetUtcNow(), changed => Describe(changed, null), actor).ConfigureAwait(false);
    }, cancellationToken);

    /// <summary>Installs anew what differs from the lock; where the interpreter itself is gone, all of it.</summary>
    public Task<EnvironmentRow> RepairAsync(string id, IEnvironmentRun run, AuditActor actor, CancellationToken cancellationToken) => GuardAsync(id, EnvironmentWork.Repair, "environment_repaired", actor, async row =>
    {
        await registry.RequireUnusedAsync(row.Name, cancellationToken).ConfigureAwait(false);
        folders.PutBack(row.Name, row.Id);
        var steps = new EnvironmentSteps(run, time);
        var place = folders.Of(row.Name);
        var locked = await ReadLockAsync(row, place, cancellationToken).ConfigureAwait(false);
        var damage = await steps.DoAsync("Compare", 0, 20, async () =>
        {
            var found = await CompareAsync(place, locked, run, cancellationToken).ConfigureAwait(false);
            return (found, found?.Describe() ?? "its interpreter does not run");
        }, cancellationToken).ConfigureAwait(false);
        VerifiedEnvironment verified;
        if (damage is null)
        {
            var incoming = folders.CreateIncoming(row.Id);
            await maker.MakeAsync(steps, row, incoming, locked, 20, 70, cancellationToken).ConfigureAwait(false);
            verified = await verifier.VerifyAsync(steps, Of(row, incoming), 70, 99, cancellationToken).ConfigureAwait(false);
            incoming.PretendAt(place);
            folders.Replace(incoming, row.Name, row.Id);
        }
        else
        {
            if (!damage.IsNone)
            {
                await maker.MendAsync(steps, row, place, folders.CreateIncoming(row.Id), damage, 20, 70, cancellationToken).ConfigureAwait(false);
            }

            verified = await verifier.VerifyAsync(steps, Of(row, place), 70, 99, cancellationToken).ConfigureAwait(false);
        }

        return await registry.CompleteAsync(row.Id, verified, "environment_repaired", time.GetUtcNow(), changed => Describe(changed, place), actor).ConfigureAwait(false);
    }, cancellationToken);

    /// <summary>Removes an environment: its files where the host made them, and what is known of it.</summary>
    public async Task RemoveAsync(string id, IEnvironmentRun run, AuditActor actor, CancellationToken cancellationToken)
    {
        if (await registry.FindAsync(id, cancellationToken).ConfigureAwait(false) is not { } row)
        {
            return;
        }

        await GuardAsync(id, EnvironmentWork.Remove, EnvironmentRegistry.Removed, actor, async _ =>
        {
            await registry.RequireUnusedAsync(row.Name, cancellationToken).ConfigureAwait(false);
            await new EnvironmentSteps(run, time).DoAsync("Remove", 0, 99, () =>
            {
                if (row.Origin == EnvironmentOrigin.Created)
                {
                    folders.Condemn(row.Name, row.Id);
                    folders.DiscardCondemned(row.Id);
                    folders.DiscardIncoming(row.Id);
                    folders.DiscardGivenLock(row.Id);
                }

                return Task.FromResult((true, row.Bytes is { } bytes ? $"{Units.Bytes(bytes)} are free again" : null));
            }, cancellationToken).ConfigureAwait(false);
            await registry.ForgetAsync(row.Id, actor).ConfigureAwait(false);
            return row;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says of an environment whose work failed what it is now, and leaves nothing half made behind.</summary>
    private async Task<EnvironmentRow> GuardAsync(string id, EnvironmentWork work, string action, AuditActor actor, Func<EnvironmentRow, Task<EnvironmentRow>> run, CancellationToken cancellationToken)
    {
        var row = await registry.FindAsync(id, cancellationToken).ConfigureAwait(false)
            ?? throw FaultException.Invalid("environment_removed", $"The environment '{id}' was removed.", "Create it again.");
        try
        {
            return await run(row).ConfigureAwait(false);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested && Explain(error) is { } fault)
        {
            var isThere = row.Origin == EnvironmentOrigin.Registered || folders.Of(row.Name).IsOf(row.Id);
            await registry.FailAsync(row.Id, work == EnvironmentWork.Remove || isThere ? EnvironmentState.Broken : EnvironmentState.Failed, $"{Sentence(fault.Faults[0].Message)} {fault.Faults[0].Remedy}", action, actor).ConfigureAwait(false);
            Discard(() => folders.DiscardGivenLock(row.Id));
            throw fault;
        }
        catch (OperationCanceledException)
        {
            if (row.TaskId is null)
            {
                // Nothing but this process knows that it was stopped.
                await registry.FailAsync(row.Id, row.Origin == EnvironmentOrigin.Created && row.LockSha256 is null ? EnvironmentState.Failed : EnvironmentState.Broken, StoppedText, action, actor).ConfigureAwait(false);
            }

            throw;
        }
        finally
        {
            Discard(() => folders.DiscardIncoming(row.Id));
        }
    }

    /// <summary>What a program printed rarely ends in a full stop.</summary>
    private static string Sentence(string text) => text.EndsWith('.') ? text : $"{text}.";

    private static void Discard(Action discard)
    {
        try
        {
            discard();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FaultException)
        {
            // It lies out of the way, and the next run with this environment removes it.
        }
    }

    private static async Task<LockFile> ReadLockAsync(EnvironmentRow row, EnvironmentFolder place, CancellationToken cancellationToken)
    {
        if (!File.Exists(place.Lock) || new FileInfo(place.Lock).Length > LockFile.MostBytes)
        {
            throw FaultException.Failed("lock_missing", $"The lock of the environment '{row.Name}' is gone.", "Remove the environment and create it again.");
        }

        var locked = LockFile.Parse(await File.ReadAllTextAsync(place.Lock, cancellationToken).ConfigureAwait(false));
        return row.LockSha256 is null || locked.Sha256() == row.LockSha256
            ? locked
            : throw FaultException.Failed("lock_changed", $"The lock of the environment '{row.Name}' is no longer the one that it was made of.", "Put the file back, or remove the environment and create it again.");
    }

    /// <summary>Null where the interpreter does not answer.</summary>
    private async Task<EnvironmentDamage?> CompareAsync(EnvironmentFolder place, LockFile locked, IEnvironmentRun run, CancellationToken cancellationToken)
    {
        try
        {
            return EnvironmentDamage.Of(locked, await packages.CheckAsync(place.Python, run.Id, cancellationToken).ConfigureAwait(false));
        }
        catch (FaultException fault)
        {
            run.Log(fault.Faults[0].Message);
            return null;
        }
    }

    private PythonEnvironment Of(EnvironmentRow row, EnvironmentFolder? place = null) =>
        new(row.Name, place?.Python ?? directory.PythonOf(row), row.State, new Dictionary<string, string?>()) { IsCreatedHere = row.Origin == EnvironmentOrigin.Created };

    private void Describe(EnvironmentRow row, EnvironmentFolder? place)
    {
        if (row.Origin != EnvironmentOrigin.Created)
        {
            return;
        }

        var folder = place ?? folders.Of(row.Name);
        row.Bytes = folder.Bytes();
        if (place is not null)
        {
            row.LockSha256 = LockFile.Parse(File.ReadAllText(folder.Lock)).Sha256();
            row.Installer = EnvironmentMaker.ReadInstaller(folder);
        }
    }

    private static FaultException? Explain(Exception error) => error switch
    {
        FaultException fault => fault,
        HttpFaultException fault => new FaultException(WorkerExitCode.Invalid, fault.Faults, fault),
        IOException or UnauthorizedAccessException => FaultException.Failed("unwritable", $"The files cannot be read or written: {error.Message}", "Free space or correct the rights of the folders, and try again.", cause: error),
        _ => null,
    };
}
