using Beep.Contracts;
using Beep.Host.Environments;
using Beep.Host.Environments.Stored;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Backends;
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
        foreach (var option in new[] { "--network=none", "--cap-drop=all", "--pull=never", "--cpus=1.5", "--memory=512m", "--device=nvidia.com/gpu=all", "--env=A", "--env=CUDA_VISIBLE_DEVICES" })
        {
            Assert.Contains(option, podman.Arguments);
        }

        // Values are in the environment: anybody may read a command line.
        Assert.DoesNotContain(podman.Arguments, argument => argument.Contains("secret", StringComparison.Ordinal));
        Assert.Equal("secret", podman.Environment["A"]);
        Assert.Equal(["--shm-size=1g", "trainer:1", "train", Folder.Root], podman.Arguments.TakeLast(4));
        Assert.Contains("--gpus=all", Of(new BackendDefinition { Engine = BackendDefinition.Docker, Program = engine, Image = "trainer:1" }, usesGpus: true).Arguments);
        var apptainer = Of(new BackendDefinition { Engine = BackendDefinition.Apptainer, Program = engine, Image = image, Environment = new Dictionary<string, string> { ["A"] = "secret" } }, usesGpus: true);
        Assert.Equal(("exec", "secret"), (apptainer.Arguments[0], apptainer.Environment["APPTAINERENV_A"]));
        Assert.Contains("--nv", apptainer.Arguments);
        Assert.Contains($"{Folder.Root}:{Folder.Root}:rw", apptainer.Arguments);

        Beep.Host.Jobs.Placing.WorkerCommand Of(BackendDefinition definition, bool usesGpus) => CustomCommand.For(definition, spec, Folder, usesGpus, _ => null);
    }
}
