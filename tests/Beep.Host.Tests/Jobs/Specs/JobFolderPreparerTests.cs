using Beep.Contracts;
using Beep.Host.Jobs.Specs;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Specs;

public sealed class JobFolderPreparerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SpecSources _sources = new() { Model = "model", Data = "rows.jsonl", Settings = ["train.max_steps=10"] };

    private string Output => _folder.At("my job");

    [Fact]
    public void Write_NewFolder_HoldsTheWholeSpecAndIsPrivate()
    {
        var job = JobFolderPreparer.Inspect(Output, _sources);
        Assert.False(Directory.Exists(Output));
        JobFolderPreparer.Write(job);
        Assert.Empty(SpecDifference.Between(job.Spec, SpecReader.Read(job.Folder.Spec)));
        Assert.Equal("my-job", job.Spec.JobId);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Output));
        }
    }

    [Fact]
    public void Inspect_SameSpecAgain_IsUnfinished()
    {
        JobFolderPreparer.Write(JobFolderPreparer.Inspect(Output, _sources));
        Assert.Equal(JobFolderState.Unfinished, JobFolderPreparer.Inspect(Output, _sources).State);
    }

    [Fact]
    public void Inspect_FolderAlone_TakesItsSpec()
    {
        var first = JobFolderPreparer.Inspect(Output, _sources);
        JobFolderPreparer.Write(first);
        var again = JobFolderPreparer.Inspect(Output, new SpecSources());
        Assert.Empty(SpecDifference.Between(first.Spec, again.Spec));
    }

    [Fact]
    public void Inspect_MovedFolder_KeepsItsName()
    {
        JobFolderPreparer.Write(JobFolderPreparer.Inspect(Output, _sources));
        Directory.Move(Output, _folder.At("moved"));
        Assert.Equal("my-job", JobFolderPreparer.Inspect(_folder.At("moved"), _sources).Spec.JobId);
    }

    [Fact]
    public void Inspect_FinishedJob_IsFinished()
    {
        var job = JobFolderPreparer.Inspect(Output, _sources);
        JobFolderPreparer.Write(job);
        new JobExit { Status = JobStatus.Succeeded, ExitCode = WorkerExitCode.Succeeded, StartedAt = default, FinishedAt = default }.Write(job.Folder);
        Assert.Equal(JobFolderState.Finished, JobFolderPreparer.Inspect(Output, _sources).State);
    }

    [Fact]
    public void Inspect_OtherSpec_ShowsEveryDifference()
    {
        JobFolderPreparer.Write(JobFolderPreparer.Inspect(Output, _sources));
        var error = Assert.Throws<FaultException>(() => JobFolderPreparer.Inspect(Output, _sources with { Settings = ["train.max_steps=20", "lora.r=4"] }));
        Assert.Equal(
            [
                $"lora.r: The job in '{Output}' has 'lora.r' 16; 4 was asked for. Name another --out, or give --out alone to go on with the job as it stands. [spec_differs]",
                $"train.max_steps: The job in '{Output}' has 'train.max_steps' 10; 20 was asked for. Name another --out, or give --out alone to go on with the job as it stands. [spec_differs]",
            ],
            error.Faults.Select(fault => fault.ToString()));
    }

    [Fact]
    public void Inspect_FolderOfSomethingElse_IsRefused()
    {
        _folder.Write("my job/holiday.txt", "");
        var error = Assert.Throws<FaultException>(() => JobFolderPreparer.Inspect(Output, _sources));
        Assert.Equal($"--out: '{Output}' holds files but no spec.json, so it is no job folder. Name an empty folder or one that does not exist yet. [out_not_empty]", error.Message);
    }

    [Fact]
    public void Inspect_File_IsRefused()
    {
        var file = _folder.Write("file", "");
        var error = Assert.Throws<FaultException>(() => JobFolderPreparer.Inspect(file, _sources));
        Assert.Equal($"--out: '{file}' is a file; a job is a folder. Name a folder that does not exist yet. [out_is_file]", error.Message);
    }

    public void Dispose() => _folder.Dispose();
}
