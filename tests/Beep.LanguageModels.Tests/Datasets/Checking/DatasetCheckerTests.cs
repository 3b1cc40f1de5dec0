using Beep.Contracts;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets.Checking;

public sealed class DatasetCheckerTests
{
    [Fact]
    public void Check_RowsOfManyBlocks_AreReportedInTheOrderOfTheFile()
    {
        using var folder = new TemporaryFolder();
        const int rows = 100_000;
        var path = folder.Write("data.jsonl", string.Concat(Enumerable.Range(1, rows).Select(row => row % 1000 == 0 ? "oops\n" : $"{{\"text\":\"row {row}\"}}\n")));

        var report = Check(path);

        var group = Assert.Single(report.Findings);
        Assert.Equal((rows, rows - 100, 100, "bad_json", FindingSeverity.Error), (report.Rows, report.ValidRows, group.Count, group.Code, group.Severity));
        Assert.Equal(Enumerable.Range(1, 20).Select(index => index * 1000L), group.First.Select(finding => finding.Line));
        Assert.Equal(("text", 100, new FileInfo(path).Length), (report.Format, report.Errors, report.Bytes));
        Assert.Null(report.Tokens);
    }

    [Fact]
    public void Check_EqualRows_NamesTheFirst()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n\n{ \"text\": \"a\" }\n{\"text\":\"a\"}\n");

        var report = Check(path);

        var group = Assert.Single(report.Findings);
        Assert.Equal(
            ["4 The row equals that of line 1. Remove one of them: repeated rows weigh more in training.", "5 The row equals that of line 1. Remove one of them: repeated rows weigh more in training."],
            group.First.Select(finding => $"{finding.Line} {finding.Message} {finding.Remedy}"));
        Assert.Equal((4, 4, 2, true, FindingSeverity.Warning, 0), (report.Rows, report.ValidRows, report.Duplicates, report.AreDuplicatesComplete, group.Severity, report.Errors));
    }

    [Fact]
    public void Check_ValidationRowsInTheTrainingFile_AreCountedAndNamed()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("train.jsonl", "{\"prompt\":\"a\",\"completion\":\"b\"}\n{\"prompt\":\"c\",\"completion\":\"d\"}\n");
        var validation = folder.Write("validation.csv", "prompt,completion\nx,y\nc,d\n");

        var report = DatasetChecker.Check(path, new DatasetCheckOptions { Validation = validation }, null, null, CancellationToken.None);

        Assert.Equal((1, 2, 0), (report.ValidationOverlap, report.Validation!.Rows, report.Errors));
        var finding = Assert.Single(Assert.Single(report.Validation.Findings).First);
        Assert.Equal(
            $"3 validation_overlap: The row is in '{path}' too, on line 2. Remove it from one of the two files: a row that was trained on says nothing about new ones.",
            $"{finding.Line} {finding.Code}: {finding.Message} {finding.Remedy}");
    }

    [Fact]
    public void Check_Placeholders_AreWarnedOfOncePerRow()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.jsonl", "{\"text\":\"I am {{name}} by {{ author }}\"}\n{\"text\":\"{{ 1 + 1 }} {{}} {{x\"}\n");

        var finding = Assert.Single(Assert.Single(Check(path).Findings).First);

        Assert.Equal(
            "1 unresolved_placeholder: The row has the placeholder '{{name}}'. Fill it in before training, or the model learns to say it. Warning",
            $"{finding.Line} {finding.Code}: {finding.Message} {finding.Remedy} {finding.Severity}");
    }

    [Theory]
    [InlineData("data.jsonl", "")]
    [InlineData("data.jsonl", "\n \n")]
    [InlineData("data.json", "[]")]
    [InlineData("data.csv", "prompt,completion\n")]
    [InlineData("data.txt", "")]
    public void Check_NoRows_IsRefused(string name, string content)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write(name, content);

        var fault = DatasetSamples.FaultOf(() => Check(path));

        Assert.Equal($"{path}: '{path}' has no rows. Put at least one row into it. [empty_dataset]", fault.ToString());
    }

    [Fact]
    public void Check_NothingReadable_IsReportedRatherThanThrown()
    {
        using var folder = new TemporaryFolder();

        var report = Check(folder.Write("data.jsonl", "a\nb\n"));

        Assert.Equal(("auto", 2, 0, 2), (report.Format, report.Rows, report.ValidRows, report.Errors));
    }

    [Fact]
    public void Check_Cancelled_Stops()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.txt", "a\n");

        Assert.Throws<OperationCanceledException>(() => DatasetChecker.Check(path, new DatasetCheckOptions(), null, null, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Check_WithTokenizer_CountsTokensAndWarnsOfWhatTrainingWouldRefuse()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.jsonl", """
            {"input_ids":[1,2,3,4],"labels":[-100,-100,3,4]}
            {"input_ids":[1,2,3,4,5,6,7,8],"labels":[-100,-100,-100,-100,-100,-100,7,8]}
            {"input_ids":[1,2,3,4,5,6,7,8],"labels":[1,-100,3,4,5,6,7,8]}
            {"input_ids":[1,2],"labels":[1,-100]}
            {"input_ids":[9999]}
            """);
        var options = new DatasetCheckOptions { Data = new DataSpec { MaxLength = 6 } };

        var report = DatasetChecker.Check(path, options, Tokenizer.Load(RepositoryFiles.Fixture("llama-tied")), null, CancellationToken.None);

        Assert.Equal((5, 4, 1), (report.Rows, report.ValidRows, report.Errors));
        Assert.Equal(
            [
                "5 token_out_of_range: 'input_ids' has 9999 at place 0; a token id is from 0 to 511. Error",
                "2 no_trainable_token: Nothing is learnt from the row: cut to 6 tokens, it loses its answer. Warning",
                "4 no_trainable_token: Nothing is learnt from the row: no token of it has a label. Warning",
                "2 overlong: The row has 8 tokens; data.max_length is 6. Warning",
                "3 overlong: The row has 8 tokens; data.max_length is 6. Warning",
            ],
            report.Findings.SelectMany(group => group.First).Select(finding => $"{finding.Line} {finding.Code}: {finding.Message} {finding.Severity}"));
        var tokens = report.Tokens!;
        Assert.Equal((4, 22, 10, 5.5, 4, 8, 8), (tokens.Rows, tokens.Tokens, tokens.TrainableTokens, tokens.MeanLength, tokens.P50, tokens.P90, tokens.MaxLength));
        Assert.Equal((2, 0.5, 4, 2), (tokens.Overlong, tokens.TruncatedShare, tokens.TokensCut, tokens.Untrainable));
        Assert.Equal(12 / 22d, tokens.MaskedShare, 12);
        Assert.Equal(4, tokens.Histogram.Sum(bucket => bucket.Rows));
    }

    private static DatasetReport Check(string path) => DatasetChecker.Check(path, new DatasetCheckOptions { Data = new DataSpec() }, null, null, CancellationToken.None);
}
