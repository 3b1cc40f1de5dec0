using Beep.Contracts;
using Beep.Host.Hosting.Settings;
using Beep.Host.Jobs.Executors.Slurm;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Slurm;

/// <summary>What is said to Slurm, and what is read of what it says.</summary>
public sealed class SlurmWordsTests
{
    [Theory]
    [InlineData("--mem=64G", true)]
    [InlineData("--exclusive", true)]
    [InlineData("--constraint=a100|h100", true)]
    [InlineData("--mail-user=ada@example.org", true)]
    [InlineData("-p", false)]
    [InlineData("mem=1", false)]
    [InlineData("--wrap=id", false)]
    [InlineData("--wra=id", false)]
    [InlineData("--output=/etc/passwd", false)]
    [InlineData("--comment=x", false)]
    [InlineData("--uid=0", false)]
    [InlineData("--mem=1\n--wrap=id", false)]
    [InlineData("--mem 1", false)]
    public void Extra_OfSettings_IsALongOptionThatIsNotOurs(string option, bool isAllowed) => Assert.Equal(isAllowed, SlurmWords.IsExtra(option));

    [Theory]
    [InlineData("01:00:00", 60)]
    [InlineData("1-00:30:00", 1470)]
    [InlineData("30:00", 30)]
    [InlineData("infinite", null)]
    [InlineData("n/a", null)]
    public void Minutes_OfAPartition_AreRead(string text, int? minutes) => Assert.Equal(minutes, SlurmPartition.MinutesOf(text));

    [Fact]
    public void Partitions_OfSeveralKindsOfNodes_AreOneEach()
    {
        var found = SlurmPartition.Parse("gpu|gpu*|up|2-00:00:00|3|gpu:a100:4(S:0-1),mps:400|64+|515000\ngpu|gpu*|up|2-00:00:00|1|(null)|128|1000000\nnonsense\nold|old|down|infinite|2|(null)|4|1\n");
        Assert.Equal(
            [new SlurmPartition("gpu") { IsDefault = true, IsUp = true, Minutes = 2880, Nodes = 4, Gpus = 4, Cpus = 128, MemoryMib = 1_000_000 }, new SlurmPartition("old") { Nodes = 2, Cpus = 4, MemoryMib = 1 }],
            found);
    }

    [Fact]
    public void Jobs_OfTheQueueAndTheAccounting_AreRead()
    {
        var waiting = SlurmJob.ParseQueue("12|PENDING|Resources|2026-11-23T10:00:00|N/A|gpu||beep-a|mark|with bars\nbroken\n13|RUNNING|None|2026-11-23T09:00:00|2026-11-23T11:00:00|gpu|n1|beep-b|other\n");
        Assert.Equal((12, "PENDING", "Resources", null, "mark|with bars", true), (waiting[0].Number, waiting[0].State, waiting[0].Reason, waiting[0].Nodes, waiting[0].Comment, waiting[0].IsWaiting));
        Assert.Equal((new DateTimeOffset(2026, 11, 23, 11, 0, 0, TimeSpan.Zero), null, "n1", false), (waiting[1].EndsAt, waiting[1].Reason, waiting[1].Nodes, waiting[1].HasEnded));
        var ended = SlurmJob.ParseAccounting("12|CANCELLED by 1000|0:15|2026-11-23T10:00:00|beep-a\n13|OUT_OF_MEMORY|0:125|Unknown|beep-b\n");
        Assert.Equal(("CANCELLED", "1000", 143), (ended[0].State, ended[0].CancelledBy, ended[0].ExitCode));
        Assert.True(ended[1] is { HasEnded: true, State: "OUT_OF_MEMORY", EndsAt: null });
        Assert.Equal(10, SlurmJob.ParseExitCode("JobId=1 DerivedExitCode=3:0 ExitCode=10:0 RunTime=00:00:01"));
    }

    [Fact]
    public void Preemption_OfTheLastStart_IsReadOfTheOutputAndOfScontrol()
    {
        string[] lines = ["beep: Slurm job 9 runs on n2, start 1.", "slurmstepd-n2: error: *** JOB 9 ON n2 CANCELLED AT 2026-11-23T13:08:50 DUE TO PREEMPTION ***", "Terminated"];
        Assert.True(SlurmJob.IsPreempted(9, lines));
        Assert.False(SlurmJob.IsPreempted(10, lines));
        Assert.False(SlurmJob.IsPreempted(9, [.. lines, "beep: Slurm job 9 runs on n2, start 2.", "slurmstepd-n2: error: *** JOB 9 ON n2 CANCELLED AT 2026-11-23T13:09:50 DUE TO JOB REQUEUE ***"]));
        // Told before its grace was over, Slurm says no more about it.
        Assert.True(SlurmJob.IsPreempted(9, [lines[0], "beep: preempted: Slurm job 9 makes room for one of a higher priority."]));
        Assert.True(SlurmJob.IsPreempted(9, [lines[0], "slurmstepd-n2: error: *** JOB 9 ON n2 CANCELLED AT 2026-11-23T13:09:50 ***"]));
        Assert.True(SlurmJob.ParsePreempted("JobId=1 PreemptEligibleTime=2026-11-23T13:08:35 PreemptTime=2026-11-23T13:08:38 LastSchedEval=x"));
        Assert.False(SlurmJob.ParsePreempted("JobId=1 PreemptEligibleTime=2026-11-23T13:08:35 PreemptTime=None"));
        Assert.Equal("Preempted by a job of a higher priority; waiting on Slurm: Priority (others are before it)", SlurmReasons.Waiting("Priority", isPreempted: true));
        var record = new SlurmRecord { Task = "t", Submission = "s", Name = "beep-job", Number = 7, State = "PENDING", IsPreempted = true };
        Assert.Equal([true, true, false], new[] { "COMPLETING", "PENDING", "RUNNING" }.Select(state => record.With(new SlurmJob(7, state)).IsPreempted));
    }

    [Theory]
    [InlineData("Resources", "Waiting on Slurm: Resources (what it asks for is in use)")]
    [InlineData("ReqNodeNotAvail, UnavailableNodes:n1", "Waiting on Slurm: ReqNodeNotAvail, UnavailableNodes:n1 (its nodes are down, drained or reserved)")]
    [InlineData("SomethingNew", "Waiting on Slurm: SomethingNew")]
    [InlineData(null, "Waiting on Slurm")]
    public void Reason_OfAWait_IsSaidInSlurmsWordAndPlainOnes(string? reason, string text) => Assert.Equal(text, SlurmReasons.Waiting(reason));

    [Theory]
    [InlineData("OUT_OF_MEMORY", false, "out_of_memory", WorkerExitCode.OutOfMemory)]
    [InlineData("TIMEOUT", false, "time_limit", WorkerExitCode.Failed)]
    [InlineData("CANCELLED", true, "cancelled_on_cluster", WorkerExitCode.Failed)]
    [InlineData("PREEMPTED", true, "preempted", WorkerExitCode.Failed)]
    [InlineData("NODE_FAIL", false, "node_failed", WorkerExitCode.Failed)]
    [InlineData("FAILED", true, "stopped_on_cluster", WorkerExitCode.Failed)]
    [InlineData("FAILED", false, null, WorkerExitCode.Failed)]
    [InlineData(null, false, "job_lost", WorkerExitCode.Failed)]
    public void End_ByTheCluster_HasAReasonAndARemedy(string? state, bool wrote, string? code, WorkerExitCode exitCode)
    {
        using var home = new TemporaryFolder();
        home.Write("job/output.log", "something\n");
        var at = new DateTimeOffset(2026, 11, 23, 10, 0, 0, TimeSpan.Zero);
        var record = new SlurmRecord { Task = "t", Submission = "s", Name = "beep-job", Number = 7, EndsAt = at.AddHours(1) };
        var exit = wrote ? new JobExit { Status = JobStatus.Cancelled, ExitCode = WorkerExitCode.Cancelled, Code = "cancelled", StartedAt = at, FinishedAt = at } : null;
        var fault = SlurmEnd.Judge(new JobFolder(home.At("job")), record, state is null ? null : new SlurmJob(7, state) { ExitCode = 1, Nodes = "n1" }, exit);
        Assert.Equal(code, fault?.Faults[0].Code);
        Assert.True(fault is null || (fault.ExitCode == exitCode && fault.Faults[0].Message.Contains("Slurm job 7", StringComparison.Ordinal) && fault.Faults[0].Remedy.Length > 10));
    }
}
