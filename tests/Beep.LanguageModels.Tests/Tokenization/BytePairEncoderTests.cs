using System.Text.Json;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Tokenization;

public sealed class BytePairEncoderTests
{
    /// <summary>Short words go one way through the encoder and long ones another; both must do what the definition says.</summary>
    [Theory]
    [InlineData(1, 64)]
    [InlineData(65, 400)]
    public void Encode_RandomWords_EqualsTheDefinition(int shortest, int longest)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(RepositoryFiles.Fixture("llama-tied", "tokenizer.json")));
        var model = file.RootElement.GetProperty("model");
        var merges = model.GetProperty("merges").EnumerateArray()
            .Select(static (pair, rank) => (Pair: (pair[0].GetString()!, pair[1].GetString()!), rank))
            .ToDictionary(static entry => entry.Pair, static entry => entry.rank);
        var tokenizer = Tokenizer.Load(RepositoryFiles.Fixture("llama-tied"));
        var random = new Random(5);
        for (var round = 0; round < 300; round++)
        {
            var word = new string([.. Enumerable.Range(0, random.Next(shortest, longest + 1)).Select(_ => "etaoinsrhldcume"[random.Next(15)])]);

            Assert.Equal(Define(word, merges).Select(token => tokenizer.IdOf(token)!.Value), tokenizer.Encode(word));
        }
    }

    /// <summary>Merge the pair of lowest rank, the leftmost first, until none is left.</summary>
    private static List<string> Define(string word, Dictionary<(string, string), int> merges)
    {
        var symbols = word.Select(static character => character.ToString()).ToList();
        while (true)
        {
            (int Rank, int Index) best = Enumerable.Range(0, symbols.Count - 1)
                .Select(index => (Rank: merges.GetValueOrDefault((symbols[index], symbols[index + 1]), int.MaxValue), Index: index))
                .DefaultIfEmpty((int.MaxValue, 0))
                .Min();
            if (best.Rank == int.MaxValue)
            {
                return symbols;
            }

            symbols[best.Index] += symbols[best.Index + 1];
            symbols.RemoveAt(best.Index + 1);
        }
    }
}
