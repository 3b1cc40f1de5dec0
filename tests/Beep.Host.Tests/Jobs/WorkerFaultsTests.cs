using Beep.Contracts;
using Beep.Host.Jobs;

namespace Beep.Host.Tests.Jobs;

public sealed class WorkerFaultsTests
{
    [Fact]
    public void Read_FaultLines_AreTakenApartAndReadTheSame()
    {
        string[] lines =
        [
            "model/config.json: There is no 'model/config.json'. Name a model folder in Hugging Face layout. [config_not_found]",
            "--top-p: '--top-p' is 2; it must be above 0 and at most 1. Correct the value. [out_of_range]",
        ];
        var answer = new WorkerAnswer(20, "", string.Join('\n', lines) + "\n");
        var faults = WorkerFaults.Read(answer, "generate");
        Assert.Equal(lines, faults.Select(fault => fault.ToString()));
        Assert.Equal("Correct the value.", faults[1].Remedy);
        Assert.Equal(WorkerExitCode.Invalid, WorkerFaults.ExitCodeOf(answer));
    }

    [Fact]
    public void Read_AnythingElse_IsQuotedWithoutControlCharacters()
    {
        var answer = new WorkerAnswer(134, "", "Unhandled\e[31m exception\nAborted\n");
        Assert.Equal(
            "The worker's 'merge' ended with exit code 134: Unhandled?[31m exception | Aborted Run ./beep doctor. [worker_died]",
            Assert.Single(WorkerFaults.Read(answer, "merge")).ToString());
        Assert.Equal(WorkerExitCode.Failed, WorkerFaults.ExitCodeOf(answer));
    }
}
