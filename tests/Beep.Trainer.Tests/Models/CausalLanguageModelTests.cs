using Beep.Contracts;
using Beep.Tests;
using Beep.Trainer.Models;
using static TorchSharp.torch;

namespace Beep.Trainer.Tests.Models;

public sealed class CausalLanguageModelTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string, string> Fixtures => new()
    {
        { "llama-tied", "llama-tied" }, { "llama3-rope-untied", "llama3-rope-untied" }, { "qwen2", "qwen2" }, { "llama-tied-sharded", "llama-tied" },
    };

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void Score_PlainBatch_AgreesWithTransformers(string folder, string reference)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = CausalLanguageModel.Load(RepositoryFiles.Fixture(folder), trained: false, ScalarType.Float32, CPU);
        var plain = ReferenceFile.Read(reference, "reference.json")["cases"]![0]!;

        var logits = Logits(model, ReferenceFile.Rows(plain["input_ids"]!));

        Assert.InRange(ReferenceFile.LargestDifference(ReferenceFile.Floats(plain["logits"]!), logits), 0, Tolerance);
    }

    [Theory]
    [InlineData("llama-tied")]
    [InlineData("llama3-rope-untied")]
    [InlineData("qwen2")]
    public void Score_PaddedRows_AgreesOnEveryRealPosition(string fixture)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = CausalLanguageModel.Load(RepositoryFiles.Fixture(fixture), trained: false, ScalarType.Float32, CPU);
        var padded = ReferenceFile.Read(fixture, "reference.json")["cases"]![1]!;
        var ids = ReferenceFile.Rows(padded["input_ids"]!);
        var mask = ReferenceFile.Rows(padded["attention_mask"]!);

        var logits = Logits(model, ids);

        var width = logits.Length / (ids.Length * ids[0].Length);
        var kept = new List<float>();
        for (var row = 0; row < ids.Length; row++)
        {
            for (var at = 0; at < ids[row].Length; at++)
            {
                if (mask[row][at] == 1)
                {
                    kept.AddRange(logits.AsSpan(((row * ids[row].Length) + at) * width, width));
                }
            }
        }

        Assert.InRange(ReferenceFile.LargestDifference(ReferenceFile.Floats(padded["logits"]!), kept), 0, Tolerance);
    }

    [Fact]
    public void Score_Bf16Weights_AgreesWithTheirFp32OriginalToTheirRounding()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = CausalLanguageModel.Load(RepositoryFiles.Fixture("llama-tied-bf16"), trained: false, ScalarType.Float32, CPU);
        var plain = ReferenceFile.Read("llama-tied", "reference.json")["cases"]![0]!;

        var logits = Logits(model, ReferenceFile.Rows(plain["input_ids"]!));

        // Eight bits of mantissa on weights: the scores, of size about 3, move by a tenth or so.
        Assert.InRange(ReferenceFile.LargestDifference(ReferenceFile.Floats(plain["logits"]!), logits), 1e-6, 0.25);
    }

    [Fact]
    public void Load_ConfigurationWithLayersThatTheWeightsLack_ReportsTheFirstOfThem()
    {
        using var temporary = new TemporaryFolder();
        var config = File.ReadAllText(RepositoryFiles.Fixture("llama-tied", "config.json")).Replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 4000", StringComparison.Ordinal);
        temporary.Write("config.json", config);
        File.Copy(RepositoryFiles.Fixture("llama-tied", "model.safetensors"), temporary.At("model.safetensors"));

        var faults = Assert.Throws<FaultException>(() => CausalLanguageModel.Load(temporary.Path, trained: false, ScalarType.Float32, CPU)).Faults;

        Assert.Equal(20, faults.Count);
        Assert.Equal("The model has no tensor 'model.layers.2.input_layernorm.weight', which its config.json asks for.", faults[0].Message);
    }

    private static float[] Logits(CausalLanguageModel model, long[][] ids)
    {
        var positions = arange(ids[0].Length, ScalarType.Int64).unsqueeze(0).expand(ids.Length, -1);
        using var context = ForwardContext.ForSequences(model.Rope, positions, segments: null, dropoutSeed: null);
        var input = tensor([.. ids.SelectMany(row => row)], [ids.Length, ids[0].Length], ScalarType.Int64);
        return model.Score(model.Forward(input, context)).data<float>().ToArray();
    }
}
