using System.Globalization;
using System.Text;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Jobs.Placing;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>
/// Runs workers as batch jobs of Slurm. Every handing over has a mark of its own, which is in the job folder before Slurm hears of it: a
/// host that finds the mark looks for the job that carries it, and a script whose mark is not the folder's does nothing.
/// </summary>
internal sealed class SlurmExecutor(SlurmCommands commands, SlurmWatch watch, SlurmOptions options, TimeProvider time) : IExecutor
{
    private const int LongestWarning = 120;

    // What a host that was killed had said to the controller is heard within this.
    private const int LooksForTheLost = 4;
    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestClearing = TimeSpan.FromSeconds(90);

    public string Name => Placement.Slurm;

    public async Task<IWorkerRun?> FindAsync(TaskRun run, JobFolder folder, WorkerContainer? container, CancellationToken cancellationToken)
    {
        if (SlurmRecord.Read(folder) is not { } record || record.Task != run.Id)
        {
            return null;
        }

        if (record.Number is null && await LookForAsync(run, record, cancellationToken).ConfigureAwait(false) is { } number)
        {
            run.Log($"The host before had submitted the Slurm job {number}.");
            record = record with { Number = number };
            record.Write(folder);
        }

        return record.Number is null ? null : new SlurmRun(run, folder, record, commands, watch, time);
    }

    public async Task<IWorkerRun> StartAsync(TaskRun run, JobFolder folder, WorkerCommand command, Placement placement, CancellationToken cancellationToken)
    {
        var request = SlurmRequests.Complete(placement.Cluster, options, command.InterpreterArguments is not null);
        var name = SlurmRecord.NameOf(folder);
        await ClearAsync(run, name, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            // Anew for every try: of one that was given up nobody knows whether Slurm heard of it.
            var record = new SlurmRecord
            {
                Task = run.Id,
                Submission = PublicId.New(),
                Name = name,
                WarningSeconds = request.Minutes is { } minutes ? Math.Min(LongestWarning, minutes * 60 / 4) : LongestWarning,
                Minutes = request.Minutes,
                Partition = request.Partition,
            };
            AtomicFile.Write(Path.Combine(folder.Root, SlurmScript.FileName), Encoding.UTF8.GetBytes(SlurmScript.Write(folder, record.Submission, command, request.Nodes ?? 1, request.GpusPerNode ?? 0)));
            AtomicFile.Write(Path.Combine(folder.Control, SlurmScript.TurnName), Encoding.UTF8.GetBytes(record.Submission));
            using (PrivateFiles.Open(folder.Output, FileMode.Append, FileShare.ReadWrite))
            {
                // Made here, so that it is private whatever the node thinks.
            }

            record.Write(folder);
            cancellationToken.ThrowIfCancellationRequested();
            var arguments = Arguments(folder, record, request);
            var answer = await commands.SubmitAsync(arguments).ConfigureAwait(false);
            // 123 or 123;cluster
            if (answer.IsGood && long.TryParse(answer.Output.Trim().Split(';')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                record = record with { Number = number, SubmittedAt = time.GetUtcNow() };
                record.Write(folder);
                return new SlurmRun(run, folder, record, commands, watch, time);
            }

            var complaint = SlurmCommands.Complaint(answer);
            if (!SlurmCommands.IsUnreachable(answer))
            {
                throw FaultException.Failed("cluster_refused", $"Slurm refuses the job: {complaint}", "Correct what the job asks of the cluster (placement.cluster), or the settings of the server (SLURM_…).", "placement.cluster");
            }

            run.Log($"The cluster takes no job now: {complaint}");
            await run.ReportAsync(0, $"The cluster takes no job now ({complaint}); trying again", cancellationToken).ConfigureAwait(false);
            if (await LookForAsync(run, record, cancellationToken).ConfigureAwait(false) is { } heard)
            {
                record = record with { Number = heard, SubmittedAt = time.GetUtcNow() };
                record.Write(folder);
                return new SlurmRun(run, folder, record, commands, watch, time);
            }

            await Task.Delay(TryAgain, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private List<string> Arguments(JobFolder folder, SlurmRecord record, SlurmRequest request)
    {
        List<string> arguments =
        [
            "--parsable",
            // First: what the job says itself holds.
            .. options.Extra,
            $"--job-name={record.Name}",
            $"--comment={record.Submission}",
            $"--chdir={folder.Root}",
            // What Slurm itself has to say. A backslash in the name would switch the other signs off, and a per cent sign begins one.
            $"--output={(folder.Output.Contains('\\', StringComparison.Ordinal) ? "/dev/null" : folder.Output.Replace("%", "%%", StringComparison.Ordinal))}",
            "--open-mode=append",
            "--requeue",
            "--export=ALL",
            $"--signal=B:TERM@{record.WarningSeconds}",
            $"--nodes={request.Nodes ?? 1}",
            "--ntasks-per-node=1",
        ];
        foreach (var (option, value) in new (string, object?)[]
        {
            ("partition", request.Partition), ("account", request.Account), ("qos", request.Qos), ("time", request.Minutes), ("cpus-per-task", request.CpusPerTask),
            ("gpus-per-node", request.GpusPerNode is > 0 and var gpus ? gpus : null), ("mem", request.MemoryMib is { } mebibytes ? $"{mebibytes}M" : null),
        })
        {
            if (value is not null)
            {
                arguments.Add(string.Create(CultureInfo.InvariantCulture, $"--{option}={value}"));
            }
        }

        return [.. arguments, Path.Combine(folder.Root, SlurmScript.FileName)];
    }

    /// <summary>The job that carries the mark; null where the cluster has none. Waits for a cluster that does not answer.</summary>
    private async Task<long?> LookForAsync(TaskRun run, SlurmRecord record, CancellationToken cancellationToken)
    {
        for (var looks = 1; ; )
        {
            var answer = await commands.QueueAsync([record.Name], cancellationToken).ConfigureAwait(false);
            if (answer.IsGood && SlurmJob.ParseQueue(answer.Output).FirstOrDefault(job => job.Comment == record.Submission) is { } found)
            {
                return found.Number;
            }

            if (answer.IsGood && looks++ >= LooksForTheLost)
            {
                return null;
            }

            if (!answer.IsGood)
            {
                await run.ReportAsync(0, $"The cluster does not answer ({SlurmCommands.Complaint(answer)}); trying again", cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(answer.IsGood ? LookPause : TryAgain, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Cancels what is left of former runs of the same job, and waits until it is gone.</summary>
    private async Task ClearAsync(TaskRun run, string name, CancellationToken cancellationToken)
    {
        for (var since = time.GetTimestamp(); ;)
        {
            var answer = await commands.QueueAsync([name], cancellationToken).ConfigureAwait(false);
            var left = answer.IsGood ? SlurmJob.ParseQueue(answer.Output).Where(job => !job.HasEnded).ToList() : [];
            if (answer.IsGood && left.Count == 0)
            {
                return;
            }

            foreach (var job in left.Where(job => job.State != "COMPLETING"))
            {
                run.Log($"The Slurm job {job.Number} of a former run is cancelled.");
                await commands.CancelAsync(job.Number, cancellationToken).ConfigureAwait(false);
            }

            if (left.Count > 0 && time.GetElapsedTime(since) > LongestClearing)
            {
                throw FaultException.Failed("job_running", $"The Slurm job {left[0].Number} of a former run does not end.", "Wait until it is gone from squeue, then start the job again.", "placement.cluster");
            }

            if (!answer.IsGood)
            {
                await run.ReportAsync(0, $"The cluster does not answer ({SlurmCommands.Complaint(answer)}); trying again", cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(answer.IsGood ? LookPause : TryAgain, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
