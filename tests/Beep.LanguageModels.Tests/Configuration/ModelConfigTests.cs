using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.LanguageModels.Configuration;
using Beep.LanguageModels.Safetensors;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Configuration;

public sealed class ModelConfigTests
{
    [Theory]
    [InlineData("llama-tied")]
    [InlineData("llama3-rope-untied")]
    [InlineData("qwen2")]
    public void Read_OlderKeyLayout_MeansTheSame(string fixture)
    {
        var newer = ModelConfigReader.Read(RepositoryFiles.Fixture(fixture, "config.json"));
        var older = ModelConfigReader.Read(RepositoryFiles.Fixture(fixture, "config.v4style.json"));

        Assert.Equal(newer, older);
    }

    [Theory]
    [InlineData("llama-tied")]
    [InlineData("llama3-rope-untied")]
    [InlineData("qwen2")]
    public void ParameterCount_Fixture_IsThatOfItsWeights(string fixture)
    {
        using var weights = ModelWeights.Open(RepositoryFiles.Fixture(fixture));

        Assert.Equal(weights.Tensors.Sum(tensor => tensor.ElementCount), ModelConfig.Load(RepositoryFiles.Fixture(fixture)).ParameterCount);
    }

    [Fact]
    public void Read_MoreLayersThanAnyModelHas_IsRefused() =>
        Assert.Equal("'num_hidden_layers' is 16777216; it must be a whole number from 1 to 4096.", Read(config => config["num_hidden_layers"] = 1 << 24).Faults.Single().Message);

    [Fact]
    public void Read_KeyTwice_IsRefused()
    {
        using var temporary = new TemporaryFolder();
        var text = File.ReadAllText(RepositoryFiles.Fixture("llama-tied", "config.json"));
        var path = temporary.Write("config.json", text.Insert(text.IndexOf('{', StringComparison.Ordinal) + 1, "\"hidden_size\": 64,"));

        Assert.Equal("bad_config", Assert.Throws<FaultException>(() => ModelConfigReader.Read(path)).Faults.Single().Code);
    }

    [Fact]
    public void Read_UnknownType_ListsTheKnownOnes()
    {
        var fault = Read(config => config["model_type"] = "mamba").Faults.Single();

        Assert.Equal("The model is of type 'mamba', which is not known here. Known types: llama, qwen2.", $"{fault.Message} {fault.Remedy}");
    }

    [Fact]
    public void Read_SeveralFaults_ReportsThemAll()
    {
        var codes = Read(config =>
        {
            config["hidden_act"] = "gelu";
            config["use_sliding_window"] = true;
            config["quantization_config"] = new JsonObject { ["bits"] = 4 };
            config["num_hidden_layers"] = -1;
            config["rope_parameters"] = new JsonObject { ["rope_type"] = "yarn", ["rope_theta"] = 10000 };
        }).Faults.Select(fault => fault.Code);

        Assert.Equal(["bad_config", "unsupported_rope", "unsupported_activation", "unsupported_attention", "quantized_model"], codes);
    }

    [Theory]
    [InlineData("hidden_size")]
    [InlineData("vocab_size")]
    [InlineData("num_attention_heads")]
    public void Read_MissingSize_NamesTheKey(string key) =>
        Assert.Contains(Read(config => config.Remove(key)).Faults, fault => fault.Message == $"'{key}' is missing.");

    [Fact]
    public void Read_NoFile_SaysWhatToName()
    {
        using var temporary = new TemporaryFolder();

        Assert.Equal("config_not_found", Assert.Throws<FaultException>(() => ModelConfig.Load(temporary.Path)).Faults.Single().Code);
    }

    private static FaultException Read(Action<JsonObject> change)
    {
        using var temporary = new TemporaryFolder();
        var config = JsonNode.Parse(File.ReadAllText(RepositoryFiles.Fixture("qwen2", "config.json")))!.AsObject();
        change(config);
        return Assert.Throws<FaultException>(() => ModelConfigReader.Read(temporary.Write("config.json", config.ToJsonString())));
    }
}
