using System.Text.Json;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Chat;

/// <summary>Holds the sample dataset to the tokenizer and template of the tiny base model.</summary>
public sealed class SampleDatasetTests
{
    private static readonly string ModelFolder = RepositoryFiles.At("models", "beep-tiny");

    [Fact]
    public void Tokenizer_OfTheTinyModel_HasItsSizeAndRoles()
    {
        var tokenizer = Tokenizer.Load(ModelFolder);

        Assert.Equal((4096, 2, 3), (tokenizer.VocabularySize, tokenizer.EndOfSequenceId, tokenizer.PadId));
        Assert.Equal([2, 0], tokenizer.EndOfSequenceIds);
        Assert.Equal("A robin, naïve 😀\n", tokenizer.Decode(tokenizer.Encode("A robin, naïve 😀\n")));
        Assert.InRange(tokenizer.Encode("A robin is a bird. It is a small bird with a red breast.").Length, 10, 20);
    }

    [Theory]
    [InlineData("what-is-it.jsonl", 480)]
    [InlineData("what-is-it.validation.jsonl", 65)]
    public void EveryRow_Encoded_LearnsTheAnswerAndItsEnd(string file, int expected)
    {
        var tokenizer = Tokenizer.Load(ModelFolder);
        var encoder = new ConversationEncoder(tokenizer, ChatTemplate.Load(ModelFolder)!);
        var rows = Read(file).ToList();

        Assert.Equal(expected, rows.Count);
        foreach (var messages in rows)
        {
            Assert.Equal(["user", "assistant"], messages.Select(static message => message.Role));
            var encoded = encoder.Encode(messages);
            var learnt = encoded.Labels.Where(static label => label != ConversationEncoder.Ignored).ToArray();
            Assert.Equal(messages[1].Content + "<|im_end|>", tokenizer.Decode(learnt));
            Assert.InRange(encoded.Ids.Length, 10, 80);
        }
    }

    [Fact]
    public void ValidationQuestions_AskForWords_ThatNoTrainingQuestionNames()
    {
        var trained = Read("what-is-it.jsonl").SelectMany(static messages => Words(messages[0].Content)).ToHashSet();
        var common = Words("Is Tell What Do about a an the are or kind of thing is me know what you animal plant food tool vehicle clothing place body part person").ToHashSet();

        var shared = Read("what-is-it.validation.jsonl").SelectMany(static messages => Words(messages[0].Content)).Where(word => trained.Contains(word) && !common.Contains(word));

        Assert.Empty(shared);
    }

    private static string[] Words(string text) => text.TrimEnd('?', '.', '!').Split(' ');

    private static IEnumerable<List<ChatMessage>> Read(string file)
    {
        foreach (var line in File.ReadLines(RepositoryFiles.At("datasets", file)))
        {
            using var row = JsonDocument.Parse(line);
            yield return [.. row.RootElement.GetProperty("messages").EnumerateArray()
                .Select(static message => new ChatMessage(message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!))];
        }
    }
}
