using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Tests;
using Beep.Trainer.Adapters;
using Beep.Trainer.Cli;
using Beep.Trainer.Models;
using static TorchSharp.torch;

namespace Beep.Trainer.Tests.Adapters;

public sealed class LoraAdapterTests
{
    [Theory]
    [InlineData("llama-tied", "lora-adamw")]
    [InlineData("llama-tied", "lora-adamw-clip-warmup-accum")]
    [InlineData("qwen2", "lora-sgd")]
    public void Load_AdapterWrittenByPeft_GivesItsScores(string fixture, string run)
    {
        using var scope = NewDisposeScope();
        using var model = CausalLanguageModel.Load(RepositoryFiles.Fixture(fixture), trained: false, ScalarType.Float32, CPU);
        var after = ReferenceFile.Read(fixture, run, "run.json")["after"]!;

        LoraAdapter.Load(model, RepositoryFiles.Fixture(fixture, run));

        Assert.InRange(ReferenceFile.LargestDifference(ReferenceFile.Floats(after["logits"]!), EveryFifthScore(model, ReferenceFile.Rows(after["input_ids"]!))), 0, 1e-4);
    }

    [Fact]
    public void Merge_Adapter_GivesTheSameScoresWithoutIt()
    {
        using var scope = NewDisposeScope();
        using var temporary = new TemporaryFolder();
        var (fixture, run) = (RepositoryFiles.Fixture("qwen2"), RepositoryFiles.Fixture("qwen2", "lora-adamw"));
        var after = ReferenceFile.Read("qwen2", "lora-adamw", "run.json")["after"]!;

        Assert.Equal(0, TrainerCommands.Build().Parse(["merge", "--model", fixture, "--adapter", run, "--out", temporary.At("merged")]).Invoke());

        using var merged = CausalLanguageModel.Load(temporary.At("merged"), trained: false, ScalarType.Float32, CPU);
        Assert.InRange(ReferenceFile.LargestDifference(ReferenceFile.Floats(after["logits"]!), EveryFifthScore(merged, ReferenceFile.Rows(after["input_ids"]!))), 0, 1e-4);
        Assert.True(File.Exists(temporary.At("merged", "tokenizer.json")));
    }

    [Fact]
    public void Merge_FolderInUse_IsRefused()
    {
        using var temporary = new TemporaryFolder();
        temporary.Write("merged/keep.txt", "mine");

        var code = TrainerCommands.Build().Parse(
            ["merge", "--model", RepositoryFiles.Fixture("qwen2"), "--adapter", RepositoryFiles.Fixture("qwen2", "lora-sgd"), "--out", temporary.At("merged")]).Invoke();

        Assert.Equal((int)WorkerExitCode.Invalid, code);
        Assert.Equal("mine", File.ReadAllText(temporary.At("merged", "keep.txt")));
    }

    [Fact]
    public void Load_AdapterOfAnotherModel_NamesWhatDoesNotFit()
    {
        using var model = CausalLanguageModel.Load(RepositoryFiles.Fixture("llama3-rope-untied"), trained: false, ScalarType.Float32, CPU);

        var fault = Assert.Throws<FaultException>(() => LoraAdapter.Load(model, RepositoryFiles.Fixture("llama-tied", "lora-sgd")));

        Assert.Contains(fault.Faults, f => f.Message == "Tensor 'base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight' has the shape [32, 8]; the base model asks for [16, 8].");
    }

    [Theory]
    [InlineData("use_dora", "true")]
    [InlineData("bias", "\"all\"")]
    [InlineData("modules_to_save", "[\"lm_head\"]")]
    [InlineData("rank_pattern", "{\"q_proj\": 4}")]
    [InlineData("layers_to_transform", "[0]")]
    public void Read_WhatIsNotComputed_IsRefusedByName(string key, string value)
    {
        using var temporary = new TemporaryFolder();
        var config = JsonNode.Parse(File.ReadAllText(RepositoryFiles.Fixture("qwen2", "lora-sgd", "adapter_config.json")))!.AsObject();
        config[key] = JsonNode.Parse(value);
        temporary.Write("adapter_config.json", config.ToJsonString());

        var fault = Assert.Throws<FaultException>(() => AdapterConfig.Read(temporary.Path)).Faults.Single();

        Assert.Equal($"The adapter sets '{key}' to {config[key]!.ToJsonString()}, which is not computed here.", fault.Message);
    }

    [Theory]
    [InlineData("1e999", "'lora_alpha' is 1e999; it must be a number.")]
    [InlineData("\"16\"", "'lora_alpha' is \"16\"; it must be a number.")]
    public void Read_AlphaThatIsNoNumber_IsRefused(string alpha, string message)
    {
        using var temporary = new TemporaryFolder();
        temporary.Write("adapter_config.json", $$"""{"peft_type": "LORA", "r": 8, "lora_alpha": {{alpha}}, "target_modules": ["q_proj"]}""");

        Assert.Equal(message, Assert.Throws<FaultException>(() => AdapterConfig.Read(temporary.Path)).Faults.Single().Message);
    }

    [Fact]
    public void Read_KeyTwice_IsRefused()
    {
        using var temporary = new TemporaryFolder();
        temporary.Write("adapter_config.json", """{"peft_type": "LORA", "r": 8, "r": 4, "lora_alpha": 16, "target_modules": ["q_proj"]}""");

        Assert.Equal("bad_adapter_config", Assert.Throws<FaultException>(() => AdapterConfig.Read(temporary.Path)).Faults.Single().Code);
    }

    [Fact]
    public void Attach_SameSeed_DrawsTheSameWeightsWithinTheirBound()
    {
        using var first = CausalLanguageModel.Load(RepositoryFiles.Fixture("llama-tied"), trained: false, ScalarType.Float32, CPU);
        using var second = CausalLanguageModel.Load(RepositoryFiles.Fixture("llama-tied"), trained: false, ScalarType.Float32, CPU);
        var config = new AdapterConfig(8, 16, 0, UseRslora: true, TargetModules.AllLinear);

        LoraAdapter.Attach(first, config, seed: 7);
        LoraAdapter.Attach(second, config, seed: 7);

        Assert.Equal(16 / Math.Sqrt(8), config.Scale);
        Assert.All(first.Linears.Zip(second.Linears), pair =>
        {
            float[] a = [.. pair.First.Lora!.A.data<float>()];
            Assert.Equal(a, pair.Second.Lora!.A.data<float>().ToArray());
            Assert.InRange(a.Max(Math.Abs), 0.5 / Math.Sqrt(pair.First.Weight.shape[1]), 1 / Math.Sqrt(pair.First.Weight.shape[1]));
            Assert.All(pair.First.Lora.B.data<float>().ToArray(), b => Assert.Equal(0, b));
        });
    }

    private static float[] EveryFifthScore(CausalLanguageModel model, long[][] ids)
    {
        using var noGrad = no_grad();
        var positions = arange(ids[0].Length, ScalarType.Int64).unsqueeze(0).expand(ids.Length, -1);
        using var context = ForwardContext.ForSequences(model.Rope, positions, segments: null, dropoutSeed: null);
        var input = tensor([.. ids.SelectMany(row => row)], [ids.Length, ids[0].Length], ScalarType.Int64);
        var fifth = tensor([.. Enumerable.Range(0, ids[0].Length / 5).Select(i => i * 5L)], ScalarType.Int64);
        return model.Score(model.Forward(input, context).index_select(1, fifth)).data<float>().ToArray();
    }
}
