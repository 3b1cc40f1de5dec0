using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Tokens;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets;

public sealed class DatasetPreparationTests : IDisposable
{
    private static readonly Tokenizer Tokenizer = Tokenizer.Load(RepositoryFiles.Fixture("llama-tied"));

    private readonly TemporaryFolder _folder = new();

    private string StorePath => _folder.At("cache", "train.tokens");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Prepare_RowsOfManyBlocks_KeepTheirOrder()
    {
        const int rows = 40_000;
        var file = _folder.Write("data.jsonl", string.Concat(Enumerable.Range(1, rows).Select(row => $"{{\"text\":\"row {row}\"}}\n")));

        using var store = Prepare(file);

        Assert.Equal(rows, store.Rows);
        for (var row = 0; row < rows; row += 997)
        {
            var (ids, labels) = (new int[store.Length(row)], new int[store.Length(row)]);
            store.Read(row, ids, labels);
            Assert.Equal(($"row {row + 1}", row + 1), (Tokenizer.Decode(ids, skipSpecialTokens: true), store.Line(row)));
        }
    }

    [Fact]
    public void Prepare_Unchanged_OpensTheSameStore()
    {
        var file = _folder.Write("data.jsonl", "{\"text\":\"a\"}\n");
        Prepare(file).Dispose();
        var written = File.GetLastWriteTimeUtc(StorePath);
        File.SetLastWriteTimeUtc(StorePath, written.AddHours(-1));

        Prepare(file).Dispose();

        Assert.Equal(written.AddHours(-1), File.GetLastWriteTimeUtc(StorePath));
    }

    [Fact]
    public void Prepare_DataSettingsOrTokenizerChanged_WritesTheStoreAnew()
    {
        var file = _folder.Write("data.jsonl", "{\"prompt\":\"aaaa\",\"completion\":\"b\"}\n");
        var model = _folder.At("model");
        Directory.CreateDirectory(model);
        File.WriteAllText(Path.Combine(model, "tokenizer.json"), "{}");
        var spec = Spec(new DataSpec()) with { Model = new ModelSpec { Path = model } };
        var keys = new List<string>();

        void Note(JobSpec changed)
        {
            using var store = DatasetPreparation.Prepare(changed, file, Tokenizer, null, StorePath, CancellationToken.None);
            keys.Add(Convert.ToHexString(store.Key));
        }

        Note(spec);
        Note(spec with { Data = spec.Data with { CompletionOnlyLoss = false } });
        Note(spec with { Data = spec.Data with { MaxLength = 100 } });
        Note(spec with { Data = spec.Data with { ChatTemplate = "x" } });
        Note(spec with { Data = spec.Data with { Columns = new Dictionary<string, string> { ["prompt"] = "prompt" } } });
        File.WriteAllText(Path.Combine(model, "tokenizer.json"), "{ }");
        Note(spec);
        File.AppendAllText(file, "{\"prompt\":\"c\",\"completion\":\"d\"}\n");
        Note(spec);

        Assert.Equal(7, keys.Distinct().Count());
    }

    [Fact]
    public void Prepare_StoreIsGarbage_WritesItAnew()
    {
        var file = _folder.Write("data.jsonl", "{\"text\":\"a\"}\n");
        _folder.Write(Path.Combine("cache", "train.tokens"), "garbage");

        using var store = Prepare(file);

        Assert.Equal(1, store.Rows);
    }

    [Fact]
    public void Prepare_BadRows_AreListedWithFileAndLineAndNothingIsWritten()
    {
        var file = _folder.Write("data.jsonl", "{\"text\":\"a\"}\n{\"text\":\"\"}\n{\"text\":\n");

        var error = Assert.Throws<FaultException>(() => Prepare(file));

        Assert.Equal(WorkerExitCode.Invalid, error.ExitCode);
        Assert.Equal(
            [
                $"{file}:2: 'text' is empty. Write the text, or remove the row. [empty_text]",
                $"{file}:3: The row is not valid JSON: it ends before its object is closed. Write each row with a JSON library, one object on one line. [bad_json]",
            ],
            error.Faults.Select(fault => fault.ToString()));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.At("cache")));
    }

    [Fact]
    public void Prepare_ManyBadRows_ListsTheFirstTwentyAndHowManyMore()
    {
        var file = _folder.Write("data.jsonl", "{\"text\":\"a\"}\n" + string.Concat(Enumerable.Repeat("{\"text\":\"\"}\nx\n", 600)));

        var error = Assert.Throws<FaultException>(() => Prepare(file));

        Assert.Equal(Enumerable.Range(2, 20).Select(line => $"{file}:{line}"), error.Faults.Take(20).Select(fault => fault.Where));
        Assert.Equal($"{file}: '{file}' has 1,180 more faults. See all of them by kind with: beep dataset check FILE [more_faults]", Assert.Single(error.Faults.Skip(20)).ToString());
    }

    [Fact]
    public void Prepare_OverlongRows_FollowThePolicy()
    {
        var file = _folder.Write("data.jsonl", "{\"prompt\":\"The quick brown fox jumps over the lazy dog\",\"completion\":\"b\"}\n{\"prompt\":\"a\",\"completion\":\"b\"}\n");
        var data = new DataSpec { MaxLength = 6 };
        var tokens = new RowEncoder(Tokenizer, null, data, TrainingTask.Sft).Encode(new CompletionRow(1, "The quick brown fox jumps over the lazy dog", "b")).InputIds.Length;

        var overlong = DatasetSamples.FaultOf(() => Prepare(file, data));
        var untrainable = DatasetSamples.FaultOf(() => Prepare(file, data with { Overlong = OverlongPolicy.Truncate }));
        using var store = Prepare(file, data with { Overlong = OverlongPolicy.Truncate, Untrainable = UntrainablePolicy.Drop });

        Assert.Equal($"{file}:1: The row has {tokens} tokens; data.max_length is 6. Shorten it, raise data.max_length, or set data.overlong to truncate or drop. [overlong]", overlong.ToString());
        Assert.Equal(
            $"{file}:1: Nothing is learnt from the row: cut to 6 tokens, it loses its answer. Shorten its question, raise data.max_length, or set data.untrainable to drop. [no_trainable_token]",
            untrainable.ToString());
        Assert.Equal((1, 1, 1, 2), (store.Rows, store.Statistics.Dropped, store.Statistics.Untrainable, store.Line(0)));
    }

    [Fact]
    public void Prepare_EveryRowLeftOut_IsRefused()
    {
        var file = _folder.Write("data.jsonl", "{\"text\":\"a long text of many tokens\"}\n");

        var fault = DatasetSamples.FaultOf(() => Prepare(file, new DataSpec { MaxLength = 2, Overlong = OverlongPolicy.Drop }));

        Assert.Equal(
            $"{file}: '{file}' has no rows left: all 1 were left out by data.overlong and data.untrainable. Raise data.max_length, or look at the rows with: beep dataset check FILE [empty_dataset]",
            fault.ToString());
    }

    [Fact]
    public void Prepare_ConversationsWithoutTemplate_AreRefused()
    {
        var file = _folder.Write("data.jsonl", DatasetSamples.Conversation);

        var fault = DatasetSamples.FaultOf(() => Prepare(file));

        Assert.Equal(
            $"data.chat_template: The rows of '{file}' are conversations, but the model has no chat template that says how to write one. Set data.chat_template, or use a model with a chat template. [missing_chat_template]",
            fault.ToString());
    }

    [Fact]
    public void Prepare_PretrainOnAnswers_IsRefused()
    {
        var file = _folder.Write("data.jsonl", "{\"prompt\":\"a\",\"completion\":\"b\"}\n");
        var spec = Spec(new DataSpec()) with { Task = TrainingTask.Pretrain };

        var fault = DatasetSamples.FaultOf(() => DatasetPreparation.Prepare(spec, file, Tokenizer, null, StorePath, CancellationToken.None));

        Assert.Equal($"task: 'pretrain' learns from plain text, but '{file}' has the format 'prompt_completion'. Set task=sft, or write the rows as 'text'. [wrong_format]", fault.ToString());
    }

    [Fact]
    public void Prepare_FolderThatCannotBeWritten_IsNamed()
    {
        var file = _folder.Write("data.txt", "a\n");
        var blocked = _folder.Write("blocked", "a file where a folder should be");

        var error = Assert.Throws<FaultException>(() => DatasetPreparation.Prepare(Spec(new DataSpec()), file, Tokenizer, null, Path.Combine(blocked, "train.tokens"), CancellationToken.None));

        var fault = Assert.Single(error.Faults);
        Assert.Equal((WorkerExitCode.Failed, "cannot_write"), (error.ExitCode, fault.Code));
        Assert.StartsWith($"The tokens of '{file}' cannot be written to '{Path.Combine(blocked, "train.tokens")}': ", fault.Message, StringComparison.Ordinal);
        Assert.Equal("Free space on that disk (about 8 bytes a token), or choose a folder that can be written to.", fault.Remedy);
    }

    [Fact]
    public void Prepare_Cancelled_LeavesNothing()
    {
        var file = _folder.Write("data.txt", "a\n");

        Assert.ThrowsAny<OperationCanceledException>(() => DatasetPreparation.Prepare(Spec(new DataSpec()), file, Tokenizer, null, StorePath, new CancellationToken(canceled: true)));

        Assert.False(File.Exists(StorePath));
    }

    private static JobSpec Spec(DataSpec data) => new() { Model = new ModelSpec { Path = RepositoryFiles.Fixture("llama-tied") }, Data = data };

    private TokenStore Prepare(string file, DataSpec? data = null, ChatTemplate? template = null) =>
        DatasetPreparation.Prepare(Spec(data ?? new DataSpec()), file, Tokenizer, template, StorePath, CancellationToken.None);
}
