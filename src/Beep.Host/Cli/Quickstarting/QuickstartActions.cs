using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Cli.Databases;
using Beep.Host.Cli.Serving;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Passwords;
using Beep.Host.Identity.Users;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Specs;
using Beep.Host.Quickstart;
using Beep.Host.Setup.Completion;
using Beep.Host.Tasks;

namespace Beep.Host.Cli.Quickstarting;

/// <summary>
/// What <c>beep quickstart</c> does without <c>--exit</c>: sets the host up where that is to be done, starts its server, lets it train,
/// says how to get in, shows the run, and goes on serving. Beside a server of the same home it only hands the work in.
/// </summary>
internal static class QuickstartActions
{
    private const string AdminName = "admin";

    public static async Task<int> RunAsync(HostServices services, QuickstartRequest request, Reporter reporter, CancellationToken cancellationToken)
    {
        // What is missing is said before anything is made.
        ServeActions.Load(services);
        services.LocateTrainer();
        var shipped = ShippedFiles.Require(services.ProgramFolder);
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var show = new QuickstartShow(services, reporter);
            using var signals = new StopSignals(() => show.Stop(stop), () => Environment.Exit((int)WorkerExitCode.Failed));
            await SetUpAsync(services, reporter, stop.Token).ConfigureAwait(false);
            for (var wanted = request; await StartAsync(services, wanted, reporter, shipped, show, stop.Token).ConfigureAwait(false); wanted = request with { Again = false })
            {
                reporter.Say("Starting again with the settings as they are now.");
            }

            return show.ExitCode;
        }
        catch (HttpFaultException fault)
        {
            throw new FaultException(WorkerExitCode.Invalid, fault.Faults, fault);
        }
    }

    private static async Task SetUpAsync(HostServices services, Reporter reporter, CancellationToken cancellationToken)
    {
        // Nobody is told the password: a link lets its owner in, who then chooses one.
        var admin = new AdminDraft(AdminName, PasswordService.Generate());
        var wanted = new Dictionary<SettingKey, string?> { [SettingKeys.Finetune] = "true" };
        if (await HeadlessSetup.TryCompleteAsync(services.Variable, admin, AuditActors.CommandLine, services.Time, wanted, cancellationToken).ConfigureAwait(false))
        {
            var options = ServeActions.Load(services);
            reporter.Say($"Set this host up in '{options.Paths.Home}': the database {options.Database!.Display}, and an administrator, '{AdminName}'.");
            reporter.Say("Nobody has a password yet: you choose one when you have opened the link below.");
            reporter.Say();
        }
    }

    /// <summary>Returns whether the server is to start again.</summary>
    private static async Task<bool> StartAsync(HostServices services, QuickstartRequest request, Reporter reporter, ShippedFiles shipped, QuickstartShow show, CancellationToken cancellationToken)
    {
        var options = ServeActions.Load(services);
        OpenServer server;
        PreparedJob job;
        string? taskId = null;
        // Two that are called at the same moment start one server and one task.
        using (await HomeLock.TakeAsync(options.Paths, services.Time, cancellationToken).ConfigureAwait(false))
        {
            job = Prepare(options.Paths, shipped, request.Again);
            if (await ServerMark.FindAsync(options.Paths, cancellationToken).ConfigureAwait(false) is { } address)
            {
                show.ExitCode = await HandInAsync(services, options, address, job, reporter, cancellationToken).ConfigureAwait(false);
                return false;
            }

            var chosen = QuickstartPort.Choose(options, request.Port, services.Variable);
            if (request.Port is null && chosen.Port != options.Port)
            {
                reporter.Say($"Another program listens at port {options.Port}, so this server takes port {chosen.Port}.");
            }

            JobFolderPreparer.Write(job);
            var serve = new ServeRequest { Time = services.Time, Variable = services.Variable, Trainer = services.LocateTrainer, LeastLevel = LogLevel.Warning };
            show.Offset = EventTail.EndOf(job.Folder.Events);
            server = await OpenServer.OpenAsync(services, chosen, serve, cancellationToken).ConfigureAwait(false);
            try
            {
                if (job.State != JobFolderState.Finished)
                {
                    taskId = (await new QuickstartDesk(server.Services, options.Paths).EnqueueOnceAsync(job.Folder, cancellationToken).ConfigureAwait(false)).Id;
                }
            }
            catch
            {
                await server.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }

        await using var _ = server.ConfigureAwait(false);
        return await show.RunAsync(server, job, taskId, cancellationToken).ConfigureAwait(false);
    }

    private static PreparedJob Prepare(HostPaths paths, ShippedFiles shipped, bool again)
    {
        if (again)
        {
            QuickstartJob.Remove(paths.Quickstart);
        }

        return QuickstartJob.Prepare(paths.Quickstart, shipped);
    }

    /// <summary>A server of this home runs already: it gets the task, and this command ends.</summary>
    private static async Task<int> HandInAsync(HostServices services, HostOptions options, Uri address, PreparedJob job, Reporter reporter, CancellationToken cancellationToken)
    {
        address = options.PublicUrl ?? address;
        JobFolderPreparer.Write(job);
        var trail = new AuditTrail(options.Database!, options, services.Time);
        var collection = IdentityTools.Collect(services, trail);
        collection.AddSingleton(options.Paths).AddTaskCore().AddTraining(services.LocateTrainer);
        var provider = collection.BuildServiceProvider();
        await using var _ = provider.ConfigureAwait(false);
        var desk = new QuickstartDesk(provider, options.Paths);
        reporter.Say($"The server of this home runs already, at {address}");
        string? taskId = null;
        if (job.State == JobFolderState.Finished)
        {
            reporter.Say($"The quickstart in '{job.Folder.Root}' is finished. Start over with: {CommandLineText.Call("quickstart", "--again")}");
        }
        else
        {
            (taskId, var isNew) = await desk.EnqueueOnceAsync(job.Folder, cancellationToken).ConfigureAwait(false);
            reporter.Say(isNew ? "It trains the quickstart now." : "It has the quickstart among its tasks.");
        }

        var (link, userName) = await desk.MakeLinkAsync(address, cancellationToken).ConfigureAwait(false);
        reporter.Say();
        QuickstartShow.SayLink(reporter, link, userName);
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["job_folder"] = job.Folder.Root, ["task_id"] = taskId, ["address"] = address.ToString(), ["sign_in_link"] = link });
    }
}
