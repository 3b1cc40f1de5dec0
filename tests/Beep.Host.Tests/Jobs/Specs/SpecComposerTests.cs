using Beep.Contracts;
using Beep.Host.Jobs.Specs;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Specs;

public sealed class SpecComposerTests
{
    private static readonly SpecSources Complete = new() { Model = "model", Data = "rows.jsonl" };

    [Fact]
    public void Compose_ModelAndData_TakesTheDefaultPreset()
    {
        var spec = SpecComposer.Compose(Complete, "job");
        Assert.Equal("job", spec.JobId);
        Assert.Equal(TrainingMethod.Lora, spec.Method);
        Assert.Equal(16, spec.Lora.R);
        Assert.Equal(0.05, spec.Train.WarmupRatio);
    }

    [Fact]
    public void Compose_RelativePaths_AreMadeAbsolute()
    {
        var spec = SpecComposer.Compose(Complete with { Validation = "held/out.jsonl", Settings = ["adapter=old"] }, "job");
        Assert.Equal(
            [Path.GetFullPath("model"), Path.GetFullPath("rows.jsonl"), Path.GetFullPath("held/out.jsonl"), Path.GetFullPath("old")],
            [spec.Model.Path, spec.Data.Train, spec.Data.Validation!, spec.Adapter!]);
    }

    [Fact]
    public void Compose_AllSources_EachWinsOverTheOneBefore()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("spec.json", """{"lora": {"r": 4, "alpha": 8}, "train": {"learning_rate": 1e-3}, "model": {"path": "from-file"}}""");
        var spec = SpecComposer.Compose(Complete with { Preset = "lora-small", SpecFile = file, Settings = ["lora.r=2", "train.max_steps=20"] }, "job");
        Assert.Equal(512, spec.Data.MaxLength);
        Assert.Equal((2, 8.0), (spec.Lora.R, spec.Lora.Alpha));
        Assert.Equal((1e-3, 20), (spec.Train.LearningRate, spec.Train.MaxSteps));
        Assert.Equal(Path.GetFullPath("model"), spec.Model.Path);
    }

    [Fact]
    public void Compose_FolderThatLooksLikeJson_StaysText()
    {
        var spec = SpecComposer.Compose(new SpecSources { Model = "true", Data = "1" }, "job");
        Assert.Equal((Path.GetFullPath("true"), Path.GetFullPath("1")), (spec.Model.Path, spec.Data.Train));
    }

    [Fact]
    public void Compose_SettingWithEqualsInValue_KeepsIt()
    {
        var spec = SpecComposer.Compose(Complete with { Settings = ["data.chat_template={% if a == b %}x=y"] }, "job");
        Assert.Equal("{% if a == b %}x=y", spec.Data.ChatTemplate);
    }

    [Fact]
    public void Compose_FaultsInEverySource_AreToldAtOnce()
    {
        var sources = new SpecSources
        {
            Model = "model",
            Preset = "nope",
            SpecFile = "missing.json",
            Settings = ["train.steps=5", "lora.r=0", "train.num_epochs=1e999", "train.seed=x", "=1", "loose"],
        };
        var error = Assert.Throws<FaultException>(() => SpecComposer.Compose(sources, "job"));
        Assert.Equal(
            ["unknown_preset", "unreadable", "bad_setting", "bad_setting", "wrong_type", "unknown_field", "missing", "out_of_range", "out_of_range"],
            error.Faults.Select(fault => fault.Code));
        Assert.Equal(WorkerExitCode.Invalid, error.ExitCode);
        Assert.StartsWith("train.steps: There is no field 'train.steps'. Known here: num_epochs, max_steps,", error.Faults[5].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train.num_epochs=0")]
    [InlineData("train.num_epochs=-1")]
    [InlineData("train.num_epochs=NaN")]
    [InlineData("train.num_epochs=1e9")]
    [InlineData("lora.r=0")]
    [InlineData("train.per_device_batch_size=99999999999")]
    [InlineData("train=5")]
    public void Compose_ValueOutOfBounds_NamesTheField(string setting)
    {
        var error = Assert.Throws<FaultException>(() => SpecComposer.Compose(Complete with { Settings = [setting] }, "job"));
        Assert.Equal(setting.Split('=')[0], Assert.Single(error.Faults).Where);
    }
}
