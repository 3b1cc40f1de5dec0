using Beep.Contracts;
using Beep.LanguageModels.Safetensors;
using Beep.Tests;
using Beep.Trainer.Cli;

namespace Beep.Trainer.Tests.Cli;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("train")]
    [InlineData("generate", "--temperature", "warm")]
    [InlineData("shrug")]
    public void Run_ArgumentsThatCannotBeRead_AreInvalid(params string[] arguments) =>
        Assert.Equal((int)WorkerExitCode.Invalid, TrainerCommands.Run(arguments));

    [Fact]
    public void Run_Help_Succeeds() => Assert.Equal(0, TrainerCommands.Run(["train", "--help"]));

    [Fact]
    public void Merge_ReadOnlyTokenizerFile_IsCopiedWritable()
    {
        using var temporary = new TemporaryFolder();
        var model = Path.GetDirectoryName(temporary.Write("base/config.json", File.ReadAllText(RepositoryFiles.Fixture("llama-tied", "config.json"))))!;
        foreach (var name in new[] { ModelWeights.SingleFile, "tokenizer.json" })
        {
            File.Copy(RepositoryFiles.Fixture("llama-tied", name), Path.Combine(model, name));
        }

        File.SetAttributes(Path.Combine(model, "tokenizer.json"), FileAttributes.ReadOnly);
        string[] arguments = ["merge", "--model", model, "--adapter", RepositoryFiles.Fixture("llama-tied", "lora-adamw"), "--out", temporary.At("merged")];

        Assert.Equal(0, TrainerCommands.Run(arguments));

        Assert.False(File.GetAttributes(temporary.At("merged", "tokenizer.json")).HasFlag(FileAttributes.ReadOnly));
        File.SetAttributes(Path.Combine(model, "tokenizer.json"), FileAttributes.Normal);
    }
}
