using Beep.Host.Jobs.Pages;

namespace Beep.Host.Tests.Jobs.Pages;

public sealed class JobFieldTests
{
    [Theory]
    [InlineData("dpo", "lora", "data.completion_only_loss", "data.packing")]
    [InlineData("sft", "qlora", "dpo.beta")]
    [InlineData("sft", "full", "dpo.beta", "lora.alpha", "lora.dropout", "lora.r")]
    [InlineData("pretrain", "full", "data.completion_only_loss", "dpo.beta", "lora.alpha", "lora.dropout", "lora.r")]
    public void Matters_OfATaskAndAMethod_LeavesOutWhatChangesNothing(string task, string method, params string[] hidden) => Assert.Equal(
        hidden, JobField.Groups.SelectMany(group => group.Fields).Where(field => !field.Matters(task, method)).Select(field => field.Path).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("lora", "torchsharp")]
    [InlineData("dpo", "transformers")]
    [InlineData("qlora", "transformers")]
    [InlineData("dora", "transformers")]
    public void TreeOf_Preset_SaysWhichBackendItNeeds(string preset, string backend) => Assert.Equal(backend, (string?)JobField.TreeOf(preset)["backend"]);
}
