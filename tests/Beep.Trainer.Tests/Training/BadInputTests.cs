using System.Text;
using Beep.Contracts;
using Beep.Tests;

namespace Beep.Trainer.Tests.Training;

/// <summary>The bad inputs of the security requirements that concern files, by their numbers: each ends with exit code 20, its line and a remedy, and leaves nothing half-written.</summary>
public sealed class BadInputTests
{
    private const string Good = """{"input_ids":[5,6,7],"labels":[5,6,7]}""";

    /// <summary>The number, the rows, the line at fault and the code.</summary>
    public static TheoryData<string, byte[], int, string> Rows => new()
    {
        { "22 not UTF-8", [.. Utf8(Good + "\n{\"input_ids\":[5,6],\"note\":\""), 0xFF, 0xFE, .. Utf8("\"}\n")], 2, "not_utf8" },
        { "22 lone surrogate", Utf8(Good + "\n{\"input_ids\":[5,6],\"note\":\"\\ud800\"}\n"), 2, "not_utf8" },
        { "23 depth", Utf8(Good + "\n{\"input_ids\":[5,6],\"note\":" + new string('[', 80) + new string(']', 80) + "}\n"), 2, "too_deep" },
        { "23 long line", Utf8(Good + "\n{\"input_ids\":[5,6],\"note\":\"" + new string('x', 20_000_000) + "\"}\n"), 2, "line_too_long" },
        { "23 NaN", Utf8(Good + "\n{\"input_ids\":[5,NaN]}\n"), 2, "nan_literal" },
        { "23 infinity", Utf8(Good + "\n{\"input_ids\":[5,6],\"note\":1e999}\n"), 2, "nan_literal" },
        { "24 duplicate key", Utf8(Good + "\n{\"input_ids\":[5,6],\"input_ids\":[7,8]}\n"), 2, "duplicate_key" },
        { "25 wrong schema", Utf8(Good + "\n{\"text\":\"hello\"}\n"), 2, "mixed_schema" },
        { "25 bad JSON", Utf8(Good + "\n{\"input_ids\":[5,6]\n"), 2, "bad_json" },
        { "33 token outside the vocabulary", Utf8(Good + "\n{\"input_ids\":[5,512]}\n"), 2, "token_out_of_range" },
        { "33 labels of another length", Utf8(Good + "\n{\"input_ids\":[5,6],\"labels\":[5]}\n"), 2, "label_length" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Run_BadRow_IsRefusedWithItsLine(string number, byte[] content, int line, string code)
    {
        using var job = new TestJob();
        var spec = job.Spec();
        File.WriteAllBytes(spec.Data.Train, content);

        var exit = job.Run(spec);

        Assert.True(exit == WorkerExitCode.Invalid, $"{number}: {exit} {job.Log}");
        Assert.Equal(code, job.Exit.Code);
        Assert.Contains($"{spec.Data.Train}:{line}", job.Log.ToString(), StringComparison.Ordinal);
        Assert.NotEmpty(job.Exit.Remedy!);
        AssertNothingHalfWritten(job);
    }

    [Theory]
    [InlineData("25 empty", "")]
    [InlineData("25 blank lines", "\n\n\n")]
    [InlineData("10 ELF", "\u007fELF\u0002\u0001\u0001")]
    [InlineData("10 zip", "PK\u0003\u0004abcdef")]
    public void Run_FileWithoutRows_IsRefused(string number, string content)
    {
        using var job = new TestJob();
        var spec = job.Spec();
        File.WriteAllText(spec.Data.Train, content);

        var exit = job.Run(spec);

        Assert.True(exit == WorkerExitCode.Invalid, $"{number}: {exit} {job.Log}");
        AssertNothingHalfWritten(job);
    }

    [Fact]
    public void Run_ManyFaults_ListsTheFirstTwentyAndCountsTheRest()
    {
        using var job = new TestJob();
        var spec = job.Spec();
        File.WriteAllText(spec.Data.Train, string.Concat(Enumerable.Repeat("{\"input_ids\":[5,\n", 50)));

        Assert.Equal(WorkerExitCode.Invalid, job.Run(spec));

        var failed = job.Events.OfType<FailedEvent>().ToList();
        Assert.Equal(21, failed.Count);
        Assert.Equal("more_faults", failed[^1].Code);
        Assert.Contains("30", failed[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ByteOrderMarkAndWindowsLineEnds_AreAccepted()
    {
        using var job = new TestJob();
        var spec = job.Spec();
        File.WriteAllText(spec.Data.Train, string.Concat(Enumerable.Repeat(Good + "\r\n", 4)), new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));

        Assert.Equal(WorkerExitCode.Succeeded, job.Run(spec));
    }

    [Fact]
    public void Run_DeletedDataset_IsRefusedAndTheCheckpointStays()
    {
        using var job = new TestJob();
        var spec = job.Spec();
        job.Run(spec);
        var checkpoint = job.Folder.ListCheckpoints().Single();
        File.Delete(spec.Data.Train);

        Assert.Equal(WorkerExitCode.Invalid, job.Run());

        Assert.Contains(spec.Data.Train, job.Exit.Message, StringComparison.Ordinal);
        Assert.Equal(checkpoint, job.Folder.ListCheckpoints().Single());
    }

    [Fact]
    public void Run_PickledAdapter_IsRefused()
    {
        using var job = new TestJob();
        var adapter = Path.GetDirectoryName(job.Write("adapter/adapter_config.json", File.ReadAllText(RepositoryFiles.Fixture("llama-tied", "lora-sgd", "adapter_config.json"))))!;
        File.WriteAllText(Path.Combine(adapter, "adapter_model.bin"), "x");

        Assert.Equal(WorkerExitCode.Invalid, job.Run(job.Spec() with { Adapter = adapter }));

        Assert.Equal("pickled_weights", job.Exit.Code);
        Assert.False(Directory.Exists(job.Folder.Artifacts));
    }

    private static void AssertNothingHalfWritten(TestJob job)
    {
        Assert.False(Directory.Exists(job.Folder.Artifacts));
        Assert.False(Directory.Exists(job.Folder.Checkpoints));
        Assert.Empty(Directory.Exists(job.Folder.Cache) ? Directory.EnumerateFileSystemEntries(job.Folder.Cache) : []);
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
