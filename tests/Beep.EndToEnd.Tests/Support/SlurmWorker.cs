using Beep.Contracts;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Executors.Slurm;

namespace Beep.EndToEnd.Tests.Support;

/// <summary>The processes of a job on the cluster of the tests.</summary>
internal static class SlurmWorker
{
    /// <summary>Those who ask the cluster do so one after the other: it has few processors, and who begins frees it of every job.</summary>
    public const string Alone = "Slurm";

    /// <summary>Makes them stand still: a server takes longer to start than a small model to train.</summary>
    public static void Pause(JobFolder folder) => Signal(folder, BeepProgram.Pause);

    public static void GoOn(JobFolder folder) => Signal(folder, BeepProgram.GoOn);

    private static void Signal(JobFolder folder, int signal)
    {
        var mark = SlurmRecord.Read(folder)!.Submission;
        foreach (var process in ProcessTable.ReadAll().Where(process => !process.IsEnded && ProcessTable.ReadVariable(process.Pid, SlurmScript.Variable) == mark))
        {
            BeepProgram.Signal(process.Pid, signal);
        }
    }
}
