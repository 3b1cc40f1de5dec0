using Beep.Contracts;
using Beep.Host.Environments;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Backends;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Placing;

public sealed class WorkerCommandTests
{
    private static readonly JobFolder Folder = new(Path.GetFullPath("a job's \"folder\""));

    [Fact]
    public void Transformers_OneSeveralAndManyMachines_AreArgumentsOfOneInterpreter()
    {
        var environment = new PythonEnvironment("gpu", "/opt/gpu/bin/python", EnvironmentState.Ready, new Dictionary<string, string?>()) { IsCreatedHere = true };
        var command = TransformersWorkers.Train(environment, PythonWorker.Locate(AppContext.BaseDirectory), Folder);
        Assert.Equal(("/opt/gpu/bin/python", "-m beep_trainer train"), (command.FileName, string.Join(' ', command.Arguments.SkipLast(1))));
        // No shell reads it, whatever it is called.
        Assert.Equal(Folder.Root, command.Arguments[^1]);
        Assert.Equal("--processes=2", command.Several(2).Arguments[^1]);
        Assert.Equal(["-m", "beep_trainer.machine.torchrun", "--nnodes=2", "-m", "beep_trainer", "train", Folder.Root], command.Distributed("--nnodes=2").Arguments);
        Assert.Equal(("1", "1"), (command.Environment["HF_HUB_OFFLINE"], command.Environment["PYTHONNOUSERSITE"]));
        Assert.True(File.Exists(Path.Combine(command.Environment["PYTHONPATH"], "beep_trainer", "__main__.py")));
    }

    [Fact]
    public void ShippedTrainer_IsOneProcess()
    {
        var command = ShippedTrainer.Train(new TrainerProgram("/opt/beep/trainer/beep-trainer", []), Folder);
        Assert.Equal(command, command.Several(2));
        Assert.Throws<InvalidOperationException>(() => command.Distributed());
    }

    [Fact]
    public void Container_OfEveryEngine_SeesItsJobItsSourcesAndNothingElse()
    {
        using var folder = new TemporaryFolder();
        var image = folder.Write("image.sif", "");
        var spec = new JobSpec { Model = new ModelSpec { Path = "/models/base" }, Adapter = "/models/adapter", Data = new DataSpec { Train = Path.Combine(Folder.Root, "data", "train.jsonl"), Validation = "/data/held-out.jsonl" } };
        var engine = Environment.ProcessPath!;
        var podman = Of(new BackendDefinition { Engine = BackendDefinition.Podman, Program = engine, Image = "trainer:1", Cpus = 1.5, MemoryMib = 512, Environment = new Dictionary<string, string> { ["A"] = "secret" }, EngineOptions = ["--shm-size=1g"] }, usesGpus: true);
        Assert.Equal("run", podman.Arguments[0]);
        Assert.Equal(
            [$"--volume={Folder.Root}:{Folder.Root}", "--volume=/models/base:/models/base:ro", "--volume=/models/adapter:/models/adapter:ro", "--volume=/data/held-out.jsonl:/data/held-out.jsonl:ro"],
            podman.Arguments.Where(argument => argument.StartsWith("--volume=", StringComparison.Ordinal)));
        foreach (var option in new[] { "--network=none", "--cap-drop=all", "--pull=never", "--cpus=1.5", "--memory=512m", "--device=nvidia.com/gpu=all", "--env=A", "--env=CUDA_VISIBLE_DEVICES", "--env=CUDA_DEVICE_ORDER" })
        {
            Assert.Contains(option, podman.Arguments);
        }

        // Values are in the environment: anybody may read a command line.
        Assert.DoesNotContain(podman.Arguments, argument => argument.Contains("secret", StringComparison.Ordinal));
        Assert.Equal("secret", podman.Environment["A"]);
        // How the engine finds its containers is not the container's business.
        Assert.Equal("/run/user/7", podman.Environment["XDG_RUNTIME_DIR"]);
        Assert.DoesNotContain("--env=XDG_RUNTIME_DIR", podman.Arguments);
        Assert.Equal(["--shm-size=1g", "trainer:1", "train", Folder.Root], podman.Arguments.TakeLast(4));
        Assert.Contains("--gpus=all", Of(new BackendDefinition { Engine = BackendDefinition.Docker, Program = engine, Image = "trainer:1" }, usesGpus: true).Arguments);
        var apptainer = Of(new BackendDefinition { Engine = BackendDefinition.Apptainer, Program = engine, Image = image, Cpus = 1.5, MemoryMib = 512, Environment = new Dictionary<string, string> { ["A"] = "secret" } }, usesGpus: true);
        Assert.Equal(("secret", null), (apptainer.Environment["APPTAINERENV_A"], apptainer.Container));
        foreach (var option in new[] { "exec", "--no-privs", "--containall", "--nv", "--cpus=1.5", "--memory=512m", $"{Folder.Root}:{Folder.Root}:rw" })
        {
            Assert.Contains(option, apptainer.Arguments);
        }

        Assert.DoesNotContain(apptainer.Arguments, argument => argument.Contains("secret", StringComparison.Ordinal));
        Beep.Host.Jobs.Placing.WorkerCommand Of(BackendDefinition definition, bool usesGpus) => CustomCommand.For(definition, spec, Folder, usesGpus, name => name == "XDG_RUNTIME_DIR" ? "/run/user/7" : null);
    }

    [Fact]
    public async Task Apptainer_TheGpusOfTheTask_AreToldToItsContainer()
    {
        Assert.SkipUnless(FakeWorker.HasShell, FakeWorker.NeedsShell);
        using var folder = new TemporaryFolder();
        var (image, program) = (folder.Write("image.sif", ""), ProgramFile.Write(folder.At("apptainer"), "#!/bin/sh\nenv\nprintf '%s|' \"$@\"\n"));

        var command = CustomCommand.For(new BackendDefinition { Engine = BackendDefinition.Apptainer, Program = program, Image = image }, new JobSpec { Model = new ModelSpec { Path = "/models/base" }, Data = new DataSpec { Train = "/data/rows.jsonl" } }, Folder, usesGpus: true, _ => null);
        var with = await CommandRun.RunAsync(command.FileName, command.Arguments, new Dictionary<string, string> { ["CUDA_VISIBLE_DEVICES"] = "1,3", ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID" }, TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.True(with.IsGood, with.Error);
        Assert.Contains("APPTAINERENV_CUDA_VISIBLE_DEVICES=1,3\n", with.Output, StringComparison.Ordinal);
        Assert.Contains("APPTAINERENV_CUDA_DEVICE_ORDER=PCI_BUS_ID\n", with.Output, StringComparison.Ordinal);
        Assert.EndsWith($"|{image}|train|{Folder.Root}|", with.Output, StringComparison.Ordinal);
        var without = await CommandRun.RunAsync(command.FileName, command.Arguments, new Dictionary<string, string>(), TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("APPTAINERENV_", without.Output, StringComparison.Ordinal);
    }
}
