using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Cli.Databases;
using Beep.Host.Cli.Serving;
using Beep.Host.Cli.Training;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Specs;
using Beep.Host.Tasks;

namespace Beep.Host.Cli.Quickstarting;

/// <summary>The quickstart in its own server, as a person at the terminal sees it: the way in, the run, what came of it, and the serving after.</summary>
internal sealed class QuickstartShow(HostServices services, Reporter reporter)
{
    private volatile ITrainingView? _view;
    private bool _isTold;

    /// <summary>What the command ends with.</summary>
    public int ExitCode { get; set; }

    /// <summary>Where the events of this run begin.</summary>
    public long Offset { get; set; }

    public static void SayLink(Reporter reporter, string link, string userName)
    {
        reporter.Say($"Open this link in a browser. It signs you in as '{userName}', once, within {AdminLinks.Lifetime.TotalMinutes} minutes; the run is under Tasks.");
        reporter.Say($"  {link}");
        reporter.Say($"Whoever has it is the administrator here, so give it to nobody. For another one, type {CommandLineText.Call("quickstart")} in a second terminal.");
        reporter.Say();
    }

    /// <summary>Shows everything until it is told to stop; returns whether the server is to start again.</summary>
    /// <param name="server">The server.</param>
    /// <param name="job">What is trained.</param>
    /// <param name="taskId">The task that trains it; null when nothing is left to train.</param>
    /// <param name="cancellationToken">Stops the training, with a checkpoint, and the server.</param>
    public async Task<bool> RunAsync(OpenServer server, PreparedJob job, string? taskId, CancellationToken cancellationToken)
    {
        var desk = new QuickstartDesk(server.Services, server.Options.Paths);
        var stopped = server.ServeAsync(cancellationToken);
        if (taskId is not null)
        {
            QuickstartReport.Announce(reporter, job);
            await SayWayInAsync(desk, server).ConfigureAwait(false);
            await FollowAsync(desk, job, taskId, stopped).ConfigureAwait(false);
        }
        else if (!_isTold)
        {
            QuickstartReport.SayFinished(reporter, job);
        }

        // Of a server that starts again the next one tells how it went; what was told before is not told again.
        if (!_isTold && !(stopped.IsCompletedSuccessfully && await stopped.ConfigureAwait(false)))
        {
            ExitCode = await TellAsync(desk, server, job, taskId, stopped).ConfigureAwait(false);
            _isTold = true;
            if (taskId is null && !stopped.IsCompleted)
            {
                reporter.Say();
                await SayWayInAsync(desk, server).ConfigureAwait(false);
            }
        }

        if (!stopped.IsCompleted)
        {
            reporter.Say();
            reporter.Say($"{(taskId is null ? "Serving" : "Still serving")} at {server.Address}  Ctrl+C stops. Next time: {CommandLineText.Call("serve")}");
        }

        return await stopped.ConfigureAwait(false);
    }

    /// <summary>The first Ctrl+C.</summary>
    public void Stop(CancellationTokenSource stop)
    {
        stop.Cancel();
        try
        {
            _view?.Note("Saving a checkpoint… (Ctrl+C again to stop at once)");
        }
        catch (IOException)
        {
            // The terminal was closed, which is why this stops.
        }
    }

    private async Task SayWayInAsync(QuickstartDesk desk, OpenServer server)
    {
        if (!reporter.IsJson)
        {
            var (link, userName) = await desk.MakeLinkAsync(server.Address, CancellationToken.None).ConfigureAwait(false);
            SayLink(reporter, link, userName);
        }
    }

    /// <summary>Shows the run until its task has ended, or the server has stopped and with it the worker.</summary>
    private async Task FollowAsync(QuickstartDesk desk, PreparedJob job, string taskId, Task stopped)
    {
        using var looked = new CancellationTokenSource();
        var ended = desk.WaitForEndAsync(taskId, looked.Token);
        var view = _view = TrainingSession.ViewFor(services, reporter.IsJson);
        try
        {
            await foreach (var jobEvent in EventTail.FollowAsync(job.Folder.Events, Offset, Task.WhenAny(ended, stopped), CancellationToken.None).ConfigureAwait(false))
            {
                view.Show(jobEvent);
            }
        }
        finally
        {
            _view = null;
            view.Close();
            await looked.CancelAsync().ConfigureAwait(false);
            await ended.ConfigureAwait(false);
        }
    }

    private async Task<int> TellAsync(QuickstartDesk desk, OpenServer server, PreparedJob job, string? taskId, Task stopped)
    {
        var more = await DescribeAsync(desk, server, job, taskId, stopped).ConfigureAwait(false);
        var task = taskId is null ? null : await desk.FindAsync(taskId, CancellationToken.None).ConfigureAwait(false);
        var exit = JobExit.Read(job.Folder);
        if (exit is { Status: JobStatus.Succeeded })
        {
            return QuickstartReport.Show(reporter, job, new JobOutcome(WorkerExitCode.Succeeded, exit, []), more);
        }

        if (task is { Status: TaskState.Failed })
        {
            var fault = new Fault(task.ErrorCode ?? "failed", task.Error ?? "The run failed.", task.ErrorRemedy ?? $"Its log says more: {CommandLineText.Call("quickstart")}");
            return reporter.Fail(exit is { Status: JobStatus.Failed } ? exit.ExitCode : WorkerExitCode.Failed, [fault], more);
        }

        var saved = job.Folder.ListCheckpoints() is { Count: > 0 } checkpoints ? $"the checkpoint of step {checkpoints[^1].Step} is saved in '{job.Folder.Root}'" : "there was no checkpoint to save yet";
        reporter.Say(task is { Status: TaskState.Cancelled } ? $"The run was cancelled; {saved}." : $"Stopped; {saved}.");
        reporter.Say($"Go on with: {CommandLineText.Call("quickstart")}");
        return reporter.Finish(WorkerExitCode.Cancelled, [], more);
    }

    /// <summary>For the one object of <c>--json</c>: its link is as young as the object.</summary>
    private async Task<JsonObject> DescribeAsync(QuickstartDesk desk, OpenServer server, PreparedJob job, string? taskId, Task stopped)
    {
        var isServing = reporter.IsJson && !stopped.IsCompleted;
        return new JsonObject
        {
            ["job_folder"] = job.Folder.Root,
            ["task_id"] = taskId,
            ["address"] = server.Address.ToString(),
            ["sign_in_link"] = isServing ? (await desk.MakeLinkAsync(server.Address, CancellationToken.None).ConfigureAwait(false)).Link : null,
        };
    }
}
