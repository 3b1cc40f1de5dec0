using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Datasets.Tokens;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets.Tokens;

/// <summary>Rows of every format through a chat template.</summary>
public sealed class ChatRowTests
{
    private static readonly string Model = RepositoryFiles.Fixture("llama-tied");
    private static readonly Tokenizer Tokenizer = Tokenizer.Load(Model);
    private static readonly ChatTemplate Template = ChatTemplate.Load(Model)!;

    [Fact]
    public void Completion_WithTemplate_IsAConversationOfTwo()
    {
        var pair = Encode(new CompletionRow(1, "q", "a"));
        var conversation = Encode(new ConversationRow(1, [new ChatMessage("user", "q"), new ChatMessage("assistant", "a")]));

        Assert.Equal(conversation.InputIds, pair.InputIds);
        Assert.Equal(conversation.Labels, pair.Labels);
        Assert.Equal("<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n", Tokenizer.Decode(pair.InputIds));
        Assert.StartsWith("a<|im_end|>", Learnt(pair), StringComparison.Ordinal);
    }

    [Fact]
    public void Alpaca_WithTemplate_IsAConversationWithSystemAndHistory()
    {
        var row = Encode(new InstructionRow(1, "Add.", "1 2", "3", "Be brief.", [("q", "a")]));

        Assert.Equal(
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n"
            + "<|im_start|>user\nAdd.\n\n1 2<|im_end|>\n<|im_start|>assistant\n3<|im_end|>\n",
            Tokenizer.Decode(row.InputIds));
    }

    [Fact]
    public void Completion_WithLossOnEverything_LabelsTheQuestionToo()
    {
        var row = Encode(new CompletionRow(1, "q", "a"), new DataSpec { CompletionOnlyLoss = false });

        Assert.Equal(row.InputIds, row.Labels);
    }

    [Fact]
    public void Prepare_Conversations_AgreesWithTheCheck()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("data.jsonl", string.Concat(Enumerable.Range(1, 500).Select(row =>
            $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"question {row}\"}},{{\"role\":\"assistant\",\"content\":\"answer {row * 7}\"}}]}}\n")));
        var spec = new JobSpec { Model = new ModelSpec { Path = Model } };

        using var store = DatasetPreparation.Prepare(spec, file, Tokenizer, Template, folder.At("train.tokens"), CancellationToken.None);
        var report = DatasetChecker.Check(file, new DatasetCheckOptions(), Tokenizer, Template, CancellationToken.None);

        Assert.Equal((500, 0), (store.Rows, report.Errors));
        Assert.Equal((store.Tokens, store.TrainableTokens), (report.Tokens!.Tokens, report.Tokens.TrainableTokens));
        Assert.InRange(report.Tokens.MaskedShare, 0.3, 0.9);
    }

    [Fact]
    public void Prepare_RowsThatTheTemplateRefuses_AreListedByLine()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("data.jsonl", $"{DatasetSamples.Conversation}\n{DatasetSamples.Conversation.Replace("\"q\"", "\"bad\"", StringComparison.Ordinal)}\n");
        var template = ChatTemplate.Load(Model, "{% for m in messages %}{% if m['content'] == 'bad' %}{{ raise_exception('No bad words.') }}{% endif %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}");
        var spec = new JobSpec { Model = new ModelSpec { Path = Model } };

        var fault = DatasetSamples.FaultOf(() => DatasetPreparation.Prepare(spec, file, Tokenizer, template, folder.At("train.tokens"), CancellationToken.None));

        Assert.Equal($"{file}:2", fault.Where);
        Assert.Contains("No bad words.", fault.Message, StringComparison.Ordinal);
    }

    private static string Learnt(EncodedRow row) => Tokenizer.Decode([.. row.Labels.Where(label => label != EncodedRow.Masked)]);

    private static EncodedRow Encode(DatasetRow row, DataSpec? data = null) => new RowEncoder(Tokenizer, Template, data ?? new DataSpec(), TrainingTask.Sft).Encode(row);
}
