using Beep.Contracts;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Specs;

namespace Beep.Host.Tests.Jobs.Specs;

public sealed class PresetCatalogTests
{
    public static TheoryData<string> Names => [.. PresetCatalog.Names];

    [Fact]
    public void Names_OfTheProduct_AreThoseShipped() => Assert.Equal(["dora", "dpo", "full", "lora", "lora-small", "qlora"], PresetCatalog.Names);

    [Theory]
    [MemberData(nameof(Names))]
    public void Get_ShippedPreset_BindsAndIsWithinBounds(string name)
    {
        var tree = PresetCatalog.Get(name).Tree;
        var preset = SpecReader.Bind(tree, ignoreUnknown: false, out var faults);
        Assert.Empty(faults);
        var complete = preset with { JobId = "test", Model = new ModelSpec { Path = "model" }, Data = preset.Data with { Train = "rows.jsonl" } };
        Assert.Empty(SpecValidator.Validate(complete));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Get_ShippedPreset_SaysWhatItIsAndFixesWhatMatters(string name)
    {
        var preset = PresetCatalog.Get(name);
        Assert.EndsWith(".", preset.Description, StringComparison.Ordinal);
        Assert.NotNull(preset.Tree["method"]);
        foreach (var key in new[] { "learning_rate", "lr_scheduler", "warmup_ratio", "per_device_batch_size", "gradient_accumulation_steps", "num_epochs", "save_steps", "precision" })
        {
            Assert.True(preset.Tree["train"]!.AsObject().ContainsKey(key), $"{name} leaves train.{key} open");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Get_ShippedPreset_IsWhatItsBackendDoes(string name)
    {
        var spec = SpecReader.Bind(PresetCatalog.Get(name).Tree, ignoreUnknown: false, out _);
        Assert.True(BackendAbilities.Does(spec.Backend, spec.Method) && BackendAbilities.Does(spec.Backend, spec.Task));
        Assert.Equal(spec.Backend != Backend.Torchsharp, PresetCatalog.Get(name).Description.Contains("needs", StringComparison.Ordinal));
    }

    [Fact]
    public void Get_UnknownName_ListsTheKnownOnes()
    {
        var error = Assert.Throws<FaultException>(() => PresetCatalog.Get("orpo"));
        Assert.Equal("--preset: There is no preset 'orpo'. Known: dora, dpo, full, lora, lora-small, qlora. [unknown_preset]", error.Message);
    }
}
