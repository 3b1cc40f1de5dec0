using Beep.Contracts;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Backends;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Jobs;

/// <summary>Runs job folders as processes on this machine.</summary>
/// <param name="command">How the worker of a folder is started.</param>
internal sealed class LocalExecutor(Func<JobFolder, WorkerCommand> command)
{
    /// <summary>With the trainer that ships with the program.</summary>
    public LocalExecutor(TrainerProgram program)
        : this(folder => ShippedTrainer.Train(program, folder))
    {
    }

    /// <summary>Starts the worker on a folder whose spec is written; a former end of the same job is forgotten.</summary>
    /// <exception cref="FaultException">Another worker runs in the folder, it cannot be written, or the worker cannot be started.</exception>
    public RunningJob Start(JobFolder folder)
    {
        try
        {
            Forget(folder);
            var log = new OutputLog(folder.Output);
            try
            {
                var offset = EventTail.EndOf(folder.Events);
                return new RunningJob(folder, WorkerProcess.Start(command(folder), folder.Root), log, offset);
            }
            catch
            {
                log.Dispose();
                throw;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Invalid("unwritable", $"The job folder '{folder.Root}' cannot be written: {error.Message}", "Free space, correct the permissions, or choose another --out.", folder.Root, error);
        }
    }

    /// <summary>Removes what says that a former run of the same job has ended, or was to.</summary>
    /// <exception cref="FaultException">Another worker runs in the folder.</exception>
    public static void Forget(JobFolder folder)
    {
        using (JobLock.TryTake(folder) ?? throw Busy(folder))
        {
            Directory.CreateDirectory(folder.Control);
            File.Delete(folder.CancelRequest);
            File.Delete(folder.Exit);
        }
    }

    private static FaultException Busy(JobFolder folder) =>
        FaultException.Invalid("job_running", $"Another worker is running the job in '{folder.Root}'.", "Wait for it, or stop it first.", folder.Root);
}
