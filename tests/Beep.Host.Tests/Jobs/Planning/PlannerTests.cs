using System.Globalization;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Planning;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Planning;

public sealed class PlannerTests : IDisposable
{
    private static readonly Machine Roomy = new(64L << 30, 64L << 30, _ => 1L << 40);
    private readonly TemporaryFolder _folder = new();

    public PlannerTests()
    {
        _folder.Write("rows.jsonl", Rows("Count", 20));
        _folder.Write("held-out.jsonl", Rows("Now", 5));
    }

    [Fact]
    public void Rules_OfTheAssembly_AreAllAsked()
    {
        var rules = typeof(IPlanRule).Assembly.GetTypes().Where(type => type.IsClass && type.IsAssignableTo(typeof(IPlanRule)));
        Assert.Equal(rules.Select(type => type.Name).Order(StringComparer.Ordinal), Planner.Rules.Select(rule => rule.GetType().Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void FindProblems_SoundJob_FindsNothing() => Assert.Empty(Find(Spec(), Roomy));

    [Fact]
    public void FindProblems_NoHeldOutRows_Warns() => Assert.Equal(
        ["Warning data.validation: There are no held-out rows, so the run cannot tell learning from learning by heart. Keep some rows in a file of their own and name it with --validation. [no_validation]"],
        Find(Without(Spec())));

    [Fact]
    public void FindProblems_NothingThere_TellsEverythingAtOnce()
    {
        var spec = Spec() with
        {
            Task = TrainingTask.Dpo,
            Method = TrainingMethod.Dora,
            Model = new ModelSpec { Path = _folder.At("model") },
            Adapter = _folder.At("adapter"),
            Data = new DataSpec { Train = _folder.At("a.jsonl"), Validation = _folder.At("b.jsonl") },
        };
        Assert.Equal(
            [
                "Error method: 'method' is 'dora', which the backend 'torchsharp' does not do. Set backend to transformers, or choose another method. [backend_cannot]",
                "Error task: 'task' is 'dpo', which the backend 'torchsharp' does not do. Set backend to transformers, or choose another task. [backend_cannot]",
                $"Error model.path: There is no model folder '{_folder.At("model")}'. Name a folder in Hugging Face layout. [model_not_found]",
                $"Error adapter: The adapter folder '{_folder.At("adapter")}' has no adapter_config.json. Name an adapter in PEFT layout, such as a job's artifacts/adapter. [adapter_not_found]",
                $"Error adapter: The adapter folder '{_folder.At("adapter")}' has no adapter_model.safetensors. Name an adapter in PEFT layout, such as a job's artifacts/adapter. [adapter_not_found]",
                $"Error data.train: There is no file '{_folder.At("a.jsonl")}'. Name a .jsonl, .json, .csv or .txt file. [data_not_found]",
                $"Error data.validation: There is no file '{_folder.At("b.jsonl")}'. Name a .jsonl, .json, .csv or .txt file. [data_not_found]",
            ],
            Find(spec));
    }

    [Theory]
    [InlineData(TrainingTask.Dpo, """{"prompt":"a","completion":"b"}""", "sft")]
    [InlineData(TrainingTask.Sft, """{"prompt":"a","chosen":"b","rejected":"c"}""", "dpo")]
    [InlineData(TrainingTask.Pretrain, """{"prompt":"a","chosen":"b","rejected":"c"}""", "dpo")]
    [InlineData(TrainingTask.Pretrain, """{"prompt":"a","completion":"b"}""", "sft")]
    public void FindProblems_RowsOfAnotherTask_AreMendedByTheirOwn(TrainingTask task, string row, string mend)
    {
        var spec = Spec() with { Task = task, Backend = Backend.Transformers, Data = new DataSpec { Train = _folder.Write("rows.jsonl", row) } };
        var problem = Planner.FindProblems(new PlanContext(spec, Roomy, null, TestContext.Current.CancellationToken)).Single(problem => problem.Fault.Code == "wrong_format");
        Assert.Equal(("task", mend), (problem.Fix!.Path, (string?)problem.Fix.Value));
    }

    [Fact]
    public void FindProblems_UnknownArchitecture_NamesItAndTheKnownOnes()
    {
        _folder.Write("mamba/config.json", """{"model_type": "mamba", "hidden_size": 8, "num_attention_heads": 1, "num_hidden_layers": 1, "intermediate_size": 8, "vocab_size": 8}""");
        var found = Find(Spec() with { Model = new ModelSpec { Path = _folder.At("mamba") } });
        Assert.Contains(found, line => line.Contains("'mamba', which is not known here. Known types: llama, qwen2. [unknown_model_type]", StringComparison.Ordinal));
        Assert.Contains(found, line => line.EndsWith("[weights_not_found]", StringComparison.Ordinal));
    }

    [Fact]
    public void FindProblems_LongRows_DependOnThePolicy()
    {
        var spec = Spec() with { Data = Spec().Data with { MaxLength = 6 } };
        var error = Assert.Single(Find(spec), line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.Matches(@"^Error data\.max_length: 20 of 20 rows \(100 %\) are longer than 6 tokens; the longest has \d+\. Raise data\.max_length, or choose data\.overlong=truncate or drop\. \[overlong\]$", error);
        var cut = spec with { Data = spec.Data with { Overlong = OverlongPolicy.Truncate } };
        Assert.Contains(Find(cut), line => line.StartsWith("Warning data.overlong: 20 of 20 rows", StringComparison.Ordinal) && line.Contains("tokens at their ends. Raise", StringComparison.Ordinal));
    }

    [Fact]
    public void FindProblems_RowsBeyondTheModelsPositions_AreTooLongWhateverTheSetting()
    {
        _folder.Write("rows.jsonl", $$"""{"text": "{{string.Join(' ', Enumerable.Range(0, 2000).Select(i => i.ToString(CultureInfo.InvariantCulture)))}}"}""" + "\n");
        var spec = Spec();
        spec = spec with { Data = spec.Data with { MaxLength = 100_000 } };
        Assert.Collection(
            Find(spec),
            error => Assert.Matches(@"^Error data\.max_length: 1 of 1 rows \(100 %\) are longer than 128 tokens; the longest has [\d,]+\. The model takes no more: choose data\.overlong=truncate or drop\. \[overlong\]$", error),
            warning => Assert.Equal("Warning data.max_length: 'data.max_length' is 100,000, but the model was made for 128 tokens ('max_position_embeddings'), so that is the longest row. Set data.max_length=128 to say so. [beyond_positions]", warning));
    }

    [Fact]
    public void FindProblems_HeldOutRowsThatAreTrainedOn_Warns()
    {
        File.Copy(_folder.At("rows.jsonl"), _folder.At("held-out.jsonl"), overwrite: true);
        Assert.Equal(
            ["Warning data.validation: 20 of 20 held-out rows are among the training rows too. Remove them from one of the two files: a row that was trained on says nothing about new ones. [validation_overlap]"],
            Find(Spec()));
    }

    [Fact]
    public void FindProblems_BrokenRow_PointsAtItsLine()
    {
        File.AppendAllText(_folder.At("rows.jsonl"), "{\"text\": 5}\n{\"text\": 6}\n");
        var error = Assert.Single(Find(Spec()), line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.Matches(@"^Error .*rows\.jsonl:21: .* So it is with 2 rows, first on this line\. .* \[wrong_type\]$", error);
    }

    [Fact]
    public void FindProblems_LittleMemory_RefusesOnlyAClearMiss()
    {
        var clear = Assert.Single(Find(Spec(), Roomy with { MemoryBytes = 10_000_000, FreeMemoryBytes = 5_000_000 }));
        Assert.Matches(@"^Error train: The run takes about \d+ MB of memory; this machine has 10 MB\. Lower train\.per_device_batch_size or data\.max_length, or set train\.gradient_checkpointing=on\. \[out_of_memory\]$", clear);
        var tight = Assert.Single(Find(Spec(), Roomy with { FreeMemoryBytes = 5_000_000 }));
        Assert.Matches(@"^Warning train: The run takes about \d+ MB of memory; 5 MB of 68\.7 GB are free\.", tight);
    }

    [Fact]
    public void FindProblems_LittleDisk_Refuses()
    {
        var error = Assert.Single(Find(Spec(), Roomy with { FreeDisk = _ => 1000 }));
        Assert.StartsWith($"Error train.save_total_limit: Checkpoints and results take about ", error, StringComparison.Ordinal);
        Assert.EndsWith($"; the disk of '{_folder.At("job")}' has 1 kB free. Free space, choose another --out, or lower train.save_total_limit. [disk_full]", error, StringComparison.Ordinal);
    }

    [Fact]
    public void FindErrors_BeforeARun_DoesNotReadTheRows()
    {
        File.AppendAllText(_folder.At("rows.jsonl"), "broken\n");
        Assert.Empty(Planner.FindErrors(Spec()));
    }

    [Fact]
    public void Rules_Names_BeginWithAVerb() => Assert.All(
        Planner.Rules.Select(rule => rule.GetType()),
        type => Assert.Matches("^(Refuse|Require|Limit|Suggest|Report)[A-Z]", type.Name));

    public void Dispose() => _folder.Dispose();

    private static JobSpec Without(JobSpec spec) => spec with { Data = spec.Data with { Validation = null } };

    private JobSpec Spec() => new()
    {
        JobId = "plan",
        Model = new ModelSpec { Path = RepositoryFiles.Fixture("llama-tied") },
        Data = new DataSpec { Train = _folder.At("rows.jsonl"), Validation = _folder.At("held-out.jsonl"), MaxLength = 64 },
    };

    private static string Rows(string word, int count) =>
        string.Concat(Enumerable.Range(1, count).Select(i => $$"""{"text":"{{word}} {{i}} is number {{i}} of many."}""" + "\n"));

    private IEnumerable<string> Find(JobSpec spec, Machine? machine = null) =>
        [.. Planner.FindProblems(new PlanContext(spec, machine ?? Roomy, _folder.At("job"), TestContext.Current.CancellationToken)).Select(problem => $"{problem.Severity} {problem.Fault}")];
}
