using Beep.Contracts;
using Beep.LanguageModels.Datasets.Tokens;
using Beep.LanguageModels.Packing;
using Beep.Tests;
using Beep.Trainer.Data;
using Beep.Trainer.Models;
using Beep.Trainer.Training;
using static TorchSharp.torch;

namespace Beep.Trainer.Tests.Training;

public sealed class PackingTests
{
    private const float Tolerance = 1e-5f;

    [Theory]
    [InlineData("llama-tied")]
    [InlineData("qwen2")]
    public void TokenLosses_PackedAndAlone_AreEqual(string fixture)
    {
        using var scope = NewDisposeScope();
        using var temporary = new TemporaryFolder();
        using var model = CausalLanguageModel.Load(RepositoryFiles.Fixture(fixture), trained: false, ScalarType.Float32, CPU);
        using var store = Rows(temporary, seed: 3);
        var lengths = Enumerable.Range(0, (int)store.Rows).Select(row => store.Length(row)).ToArray();
        var packed = SequenceSet.Pack(lengths, 64, SeededOrder.Permutation(lengths.Length, 5, 0));
        Assert.True(packed.Count < lengths.Length / 2);

        var largest = 0.0;
        for (var sequence = 0; sequence < packed.Count; sequence++)
        {
            var rows = packed.Rows(sequence).ToArray();
            var together = Losses(model, TokenBatch.Assemble(store, [rows]));
            var alone = rows.SelectMany(row => Losses(model, TokenBatch.Assemble(store, [[row]]))).ToArray();
            Assert.Equal(alone.Length, together.Count);
            Assert.All(alone.Zip(together), pair => Assert.Equal(pair.First, pair.Second, Tolerance));
            largest = Math.Max(largest, alone.Zip(together, (a, b) => Math.Abs((double)a - b)).Max());
        }

        ReferenceFile.Report("largest difference between packed and alone", largest);
    }

    [Fact]
    public void TokenLosses_OtherNeighbours_DoNotChangeARow()
    {
        using var scope = NewDisposeScope();
        using var temporary = new TemporaryFolder();
        using var model = CausalLanguageModel.Load(RepositoryFiles.Fixture("llama-tied"), trained: false, ScalarType.Float32, CPU);
        using var store = Rows(temporary, seed: 4);

        var first = Losses(model, TokenBatch.Assemble(store, [[1, 0]]))[^LabelledIn(store, 0)..];
        var second = Losses(model, TokenBatch.Assemble(store, [[2, 3, 0], [4]]));

        var start = LabelledIn(store, 2) + LabelledIn(store, 3);
        Assert.All(first.Zip(second[start..(start + first.Count)]), pair => Assert.Equal(pair.First, pair.Second, Tolerance));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Pack_RandomLengths_KeepsEveryRowOnceAndNoSequenceOverfull(int seed)
    {
        var random = new Random(seed);
        var lengths = Enumerable.Range(0, 5_000).Select(_ => (int)Math.Min(512, Math.Exp(4.9 + (0.7 * Normal(random))) + 1)).ToArray();

        var packed = SequenceSet.Pack(lengths, 512, SeededOrder.Permutation(lengths.Length, seed, -1));

        var seen = new List<int>();
        for (var sequence = 0; sequence < packed.Count; sequence++)
        {
            Assert.True(packed.Rows(sequence).ToArray().Sum(row => lengths[row]) <= 512);
            seen.AddRange(packed.Rows(sequence));
        }

        Assert.Equal(Enumerable.Range(0, lengths.Length), seen.Order());
        Assert.True(lengths.Sum() / (512.0 * packed.Count) > 0.97, $"only {lengths.Sum() / (512.0 * packed.Count):P1} of the room is used");
    }

    [Fact]
    public void Permutation_SeedAndEpoch_DecideTheOrder()
    {
        Assert.Equal(SeededOrder.Permutation(100, 42, 1), SeededOrder.Permutation(100, 42, 1));
        Assert.NotEqual(SeededOrder.Permutation(100, 42, 1), SeededOrder.Permutation(100, 42, 2));
        Assert.NotEqual(SeededOrder.Permutation(100, 42, 1), SeededOrder.Permutation(100, 43, 1));
        Assert.Equal(Enumerable.Range(0, 100), SeededOrder.Permutation(100, 42, 1).Order());
    }

    private static List<float> Losses(CausalLanguageModel model, TokenBatch batch)
    {
        using var noGrad = no_grad();
        using var context = ForwardContext.ForSequences(model.Rope, batch.Positions(CPU), batch.Segments(CPU), dropoutSeed: null);
        return [.. new LossHead(model).TokenLosses(model.Forward(batch.InputIds(CPU), context), batch, out _)];
    }

    private static int LabelledIn(TokenStore store, int row) => TokenBatch.Assemble(store, [[row]]).LabelledTokens;

    private static TokenStore Rows(TemporaryFolder folder, int seed)
    {
        var random = new Random(seed);
        var rows = Enumerable.Range(0, 20).Select(line =>
        {
            int[] ids = [.. Enumerable.Range(0, random.Next(4, 25)).Select(_ => random.Next(4, 512))];
            return new EncodedRow(ids, [.. ids.Select((id, i) => i < 2 ? -100 : id)], line + 1);
        });
        return TokenStore.Build(folder.At("rows.tokens"), rows, new DataSpec { MaxLength = 64 }, out _);
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
