using System.Diagnostics;
using Beep.Contracts;
using Beep.Host.Jobs.Executors.Slurm;
using Beep.Host.Jobs.Placing;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Slurm;

/// <summary>The script of a submission, run by the shell as Slurm runs it.</summary>
public sealed class SlurmScriptTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Script_WithNamesThatAreTraps_RunsTheWorkerWithThemUnchanged()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), FakeWorker.NeedsShell);
        using var home = new TemporaryFolder();
        var trap = "it's \"$(touch trapped)\" `touch trapped` \\n %j @WORKER@ ; exit 3\nnext";
        var folder = new JobFolder(home.At(trap.Replace("/", "", StringComparison.Ordinal)));
        var command = new WorkerCommand("/bin/sh", ["-c", "printf '%s' \"$1|$TRAP\" > said; echo out; exit 40", "worker", trap]) { Environment = new Dictionary<string, string> { ["TRAP"] = trap } };
        Assert.Equal(40, await RunAsync(folder, command, home.Path));
        Assert.Equal($"{trap}|{trap}", await File.ReadAllTextAsync(Path.Combine(folder.Root, "said"), Token));
        Assert.Equal("beep: Slurm job 5 runs on n1, start 1.\nout\n", await File.ReadAllTextAsync(folder.Output, Token));
        Assert.Empty(Directory.EnumerateFiles(home.Path, "trapped", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Script_PreemptedWhileTheControllerIsTooBusyToAnswer_AsksAgainAndStaysUntilItsGraceIsOver()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), FakeWorker.NeedsShell);
        using var home = new TemporaryFolder();
        // No answer, preempted, no answer, not any more.
        ProgramFile.Write(home.At("bin/scontrol"), $$"""
            #!/bin/sh
            if [ "$2" = hostnames ]; then echo n1; exit; fi
            echo asked >> '{{home.At("asked")}}'
            case $(wc -l < '{{home.At("asked")}}') in
              2) echo 'JobId=5 PreemptTime=2026-11-23T13:08:38 LastSchedEval=x' ;;
              4) echo 'JobId=5 PreemptTime=None LastSchedEval=x' ;;
              *) exit 1 ;;
            esac

            """);
        var folder = new JobFolder(home.At("job"));
        var worker = new WorkerCommand("/bin/sh", ["-c", "kill -TERM $PPID; until [ -e control/cancel ]; do sleep 0.05; done; exit 10"]);
        Assert.Equal(10, await RunAsync(folder, worker, home.Path, programs: home.At("bin")));
        Assert.Equal(4, (await File.ReadAllLinesAsync(home.At("asked"), Token)).Length);
        Assert.Equal("beep: Slurm job 5 runs on n1, start 1.\nbeep: preempted: Slurm job 5 makes room for one of a higher priority.\n", await File.ReadAllTextAsync(folder.Output, Token));
    }

    [Fact]
    public void Script_OnSeveralNodesWithAWorkerOfOneProcess_IsRefused()
    {
        var fault = Assert.Throws<FaultException>(() => SlurmScript.Write(new JobFolder("/home/job"), "mark", new WorkerCommand("/bin/worker", []), 2, 0));
        Assert.Equal("one_process", fault.Faults[0].Code);
        Assert.Contains("--processes=4", SlurmScript.Write(new JobFolder("/home/job"), "mark", new WorkerCommand("/bin/python", ["-m", "x"]) { InterpreterArguments = 0 }, 1, 4), StringComparison.Ordinal);
        Assert.Throws<FaultException>(() => SlurmScript.Write(new JobFolder("/home/job"), "mark", new WorkerCommand("/bin/worker", []) { Environment = new Dictionary<string, string> { ["A=B;rm"] = "x" } }, 1, 0));
    }

    /// <param name="folder">The job.</param>
    /// <param name="command">Its worker.</param>
    /// <param name="home">Where the script is started.</param>
    /// <param name="programs">A folder of programs that come before those of the system.</param>
    private static async Task<int> RunAsync(JobFolder folder, WorkerCommand command, string home, string? programs = null)
    {
        Directory.CreateDirectory(folder.Control);
        var script = Path.Combine(folder.Root, SlurmScript.FileName);
        await File.WriteAllTextAsync(script, SlurmScript.Write(folder, "mark", command, 1, 0), Token);
        await File.WriteAllTextAsync(Path.Combine(folder.Control, SlurmScript.TurnName), "mark", Token);
        var start = new ProcessStartInfo("/bin/sh", [script]) { WorkingDirectory = home };
        start.Environment["PATH"] = string.Join(':', new[] { programs, Environment.GetEnvironmentVariable("PATH") }.OfType<string>());
        start.Environment["SLURM_JOB_ID"] = "5";
        start.Environment["SLURM_JOB_NODELIST"] = "n1";
        start.Environment["BEEP_WAREHOUSE_TOKEN"] = "not for workers";
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(Token).WaitAsync(TimeSpan.FromMinutes(2), Token);
        return process.ExitCode;
    }
}
