using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Tokens;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets.Tokens;

public sealed class RowEncoderTests
{
    private static readonly Tokenizer Tokenizer = Tokenizer.Load(RepositoryFiles.Fixture("llama-tied"));

    [Fact]
    public void Text_AllTokensAndTheEnd_AreLabelled()
    {
        var row = Encode(new TextRow(3, "The cat sat."));

        Assert.Equal([.. Tokenizer.Encode("The cat sat.", addSpecialTokens: true), Tokenizer.EndOfSequenceId!.Value], row.InputIds);
        Assert.Equal(row.InputIds, row.Labels);
        Assert.Equal(3, row.Line);
    }

    [Fact]
    public void Completion_WithoutTemplate_IsTokenisedApartWithTheLossOnTheAnswer()
    {
        var row = Encode(new CompletionRow(1, "Say cat: ", "cat"));

        var prompt = Tokenizer.Encode("Say cat: ", addSpecialTokens: true);
        int[] answer = [.. Tokenizer.Encode("cat"), Tokenizer.EndOfSequenceId!.Value];
        Assert.Equal([.. prompt, .. answer], row.InputIds);
        Assert.Equal([.. prompt.Select(_ => EncodedRow.Masked), .. answer], row.Labels);
        Assert.Equal(answer.Length, row.TrainableTokens);
    }

    [Fact]
    public void Completion_WithLossOnEverything_LabelsThePromptToo()
    {
        var row = Encode(new CompletionRow(1, "a", "b"), new DataSpec { CompletionOnlyLoss = false });

        Assert.Equal(row.InputIds, row.Labels);
    }

    [Fact]
    public void Alpaca_WithoutTemplate_PartsAreFollowedByABlankLine()
    {
        var row = new InstructionRow(1, "Add.", "1 2", "3", "Be brief.", [("q", "a")]);

        var encoded = Encode(row);

        Assert.Equal("Be brief.\n\nq\n\na\n\nAdd.\n\n1 2\n\n", RowEncoder.PlainPrompt(row));
        Assert.Equal(Encode(new CompletionRow(1, RowEncoder.PlainPrompt(row), "3")).InputIds, encoded.InputIds);
        Assert.Equal("Add.", RowEncoder.Question(row with { Input = " " }));
    }

    [Fact]
    public void Tokens_LabelsAbsent_MeanEveryToken()
    {
        Assert.Equal([1, 2, 3], Encode(new TokenRow(1, [1, 2, 3], null)).Labels);
        Assert.Equal([-100, 2, 3], Encode(new TokenRow(1, [1, 2, 3], [-100, 2, 3])).Labels);
    }

    [Fact]
    public void Messages_WithoutTemplate_AreRefused()
    {
        var row = new ConversationRow(7, [new ChatMessage("user", "q"), new ChatMessage("assistant", "a")]);
        var log = new FindingLog();
        log.BeginRow(7);

        Assert.Null(new RowEncoder(Tokenizer, null, new DataSpec(), TrainingTask.Sft).TryEncode(row, log));

        var finding = Assert.Single(Assert.Single(log.Groups).First);
        Assert.Equal(
            "7 missing_chat_template: The rows are conversations, but the model has no chat template that says how to write one. Set data.chat_template, or use a model with a chat template.",
            $"{finding.Line} {finding.Code}: {finding.Message} {finding.Remedy}");
    }

    private static EncodedRow Encode(DatasetRow row, DataSpec? data = null) => new RowEncoder(Tokenizer, null, data ?? new DataSpec(), TrainingTask.Sft).Encode(row);
}
