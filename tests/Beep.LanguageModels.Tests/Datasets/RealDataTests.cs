using Beep.Contracts;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets;

public sealed class RealDataTests
{
    private static readonly DataSpec QuestionAnswer = new() { Columns = new Dictionary<string, string> { ["prompt"] = "question", ["completion"] = "answer" } };

    [Fact]
    public void Gsm8k_WithoutMapping_SuggestsIt()
    {
        var path = RealData.At("gsm8k", "test.jsonl");

        var fault = DatasetSamples.FaultOf(() => OpenedDataset.Open(path, new DataSpec()));

        Assert.Equal($"The rows of '{path}' have the keys 'question', 'answer', which fit no known format.", fault.Message);
        Assert.Equal("Say which column is which: --set data.columns.prompt=question --set data.columns.completion=answer", fault.Remedy);
    }

    [Fact]
    public void Gsm8k_WithMapping_IsSoundAndItsHalvesDoNotOverlap()
    {
        var (train, test) = (RealData.At("gsm8k", "train.jsonl"), RealData.At("gsm8k", "test.jsonl"));

        var report = DatasetChecker.Check(train, new DatasetCheckOptions { Data = QuestionAnswer, Validation = test }, null, null, CancellationToken.None);

        Assert.Equal(("prompt_completion", 7473, 7473, 0, 0, 0), (report.Format, report.Rows, report.ValidRows, report.Errors, report.Duplicates, report.ValidationOverlap));
        Assert.Equal((1319, 1319), (report.Validation!.Rows, report.Validation.ValidRows));
    }

    [Fact]
    public void Gsm8k_Prepared_HasEveryRowWithTheLossOnTheAnswer()
    {
        using var folder = new TemporaryFolder();
        var file = RealData.At("gsm8k", "test.jsonl");
        var model = RepositoryFiles.Fixture("llama-tied");
        var tokenizer = Tokenizer.Load(model);
        var spec = new JobSpec { Model = new ModelSpec { Path = model }, Data = QuestionAnswer };

        using var store = DatasetPreparation.Prepare(spec, file, tokenizer, null, folder.At("test.tokens"), CancellationToken.None);
        var report = DatasetChecker.Check(file, new DatasetCheckOptions { Data = QuestionAnswer }, tokenizer, null, CancellationToken.None).Tokens!;

        Assert.Equal((1319, 0, 0, 0), (store.Rows, store.Statistics.Truncated, store.Statistics.Dropped, store.Statistics.Untrainable));
        Assert.Equal((store.Rows, store.Tokens, store.TrainableTokens), (report.Rows, report.Tokens, report.TrainableTokens));
        Assert.Equal(Enumerable.Range(1, 1319).Select(line => (long)line), Enumerable.Range(0, 1319).Select(row => store.Line(row)));
        var (ids, labels) = (new int[store.Length(0)], new int[store.Length(0)]);
        store.Read(0, ids, labels);
        Assert.StartsWith("Janet’s ducks lay 16 eggs per day.", tokenizer.Decode(ids, skipSpecialTokens: true), StringComparison.Ordinal);
        var answer = labels.AsSpan(labels.AsSpan().IndexOfAnyExcept(-100));
        Assert.StartsWith("Janet sells 16 - 3 - 4 = <<16-3-4=9>>9 duck eggs a day.\n", tokenizer.Decode(answer, skipSpecialTokens: true), StringComparison.Ordinal);
        Assert.Equal(tokenizer.EndOfSequenceId, answer[^1]);
    }

    [Fact]
    public void AlpacaDemo_PrettyPrintedArray_IsSound()
    {
        var path = RealData.At("llama-factory", "alpaca_en_demo.json");

        var report = DatasetChecker.Check(path, new DatasetCheckOptions(), null, null, CancellationToken.None);
        var first = (InstructionRow)DatasetSamples.Read(path).Rows[0];

        Assert.Equal(("alpaca", 999, 0), (report.Format, report.Rows, report.Errors));
        Assert.Equal((2, "Describe a process of making crepes.", ""), (first.Line, first.Instruction, first.Input));
    }

    [Fact]
    public void IdentityDemo_Placeholders_AreWarnedOf()
    {
        var report = DatasetChecker.Check(RealData.At("llama-factory", "identity.json"), new DatasetCheckOptions(), null, null, CancellationToken.None);

        Assert.Equal((91, 0), (report.Rows, report.Errors));
        Assert.Contains(report.Findings, group => group is { Code: "unresolved_placeholder", Count: > 50 });
    }

    [Fact]
    public void PreferenceDemo_ConversationsOfShareGpt_IsSound()
    {
        var path = RealData.At("llama-factory", "dpo_en_demo.json");

        var report = DatasetChecker.Check(path, new DatasetCheckOptions(), null, null, CancellationToken.None);
        var rows = DatasetSamples.Read(path).Rows.Cast<PreferenceRow>().ToList();

        Assert.Equal(("preference", 299, 299, 0), (report.Format, report.Rows, report.ValidRows, report.Errors));
        Assert.Equal(2, rows[0].Line);
        Assert.StartsWith("That sounds like a fun", rows[0].Chosen, StringComparison.Ordinal);
        Assert.Equal(80, rows.Count(row => row.Prompt[0].Role == "system"));
        Assert.All(rows, row => Assert.Equal("user", row.Prompt[^1].Role));
    }

    [Theory]
    [InlineData("glaive_toolcall_en_demo.json", "sharegpt")]
    public void OtherDemos_AreRefusedByName(string name, string format)
    {
        var path = RealData.At("llama-factory", name);

        Assert.Equal($"'{path}' has the format '{format}', which this version does not read.", DatasetSamples.FaultOf(() => OpenedDataset.Open(path, new DataSpec())).Message);
    }
}
