using System.Text;
using Beep.Tests;

namespace Beep.Contracts.Tests;

public sealed class SpecReaderTests
{
    [Fact]
    public void Read_SeveralFaults_ReportsThemAllWithTheirPaths()
    {
        using var temporary = new TemporaryFolder();
        var path = temporary.Write("spec.json", """
            {"version": 1, "job_id": "../x", "model": {"path": "m"}, "data": {"train": "t", "max_length": "long", "overlong": "shrug"},
             "lora": {"r": 0, "target_modules": []}, "train": {"learning_rate": -1, "num_epochs": 1e9, "max_steps": 1.5}}
            """);

        var faults = Assert.Throws<FaultException>(() => SpecReader.Read(path)).Faults;

        Assert.Equal(
            ["data.max_length", "data.overlong", "lora.target_modules", "train.max_steps", "job_id", "lora.r", "train.num_epochs", "train.learning_rate"],
            faults.Select(fault => fault.Where));
        Assert.Equal("'data.max_length' is \"long\", which is not a whole number.", faults[0].Message);
        Assert.Equal("'data.overlong' is \"shrug\", which is not one of fail, truncate, drop.", faults[1].Message);
        Assert.Equal("'lora.r' is 0; it must be from 1 to 1024.", faults[5].Message);
        Assert.Equal("'train.learning_rate' is -1; it must be above 0 and at most 10.", faults[7].Message);
    }

    [Theory]
    [InlineData("{\"version\": 1,\n \"job_id\": }", "bad_json", ":2:12")]
    [InlineData("{\"version\": 1, \"version\": 1}", "bad_json", "")]
    [InlineData("[1]", "not_an_object", "")]
    public void Read_NotASpec_SaysWhere(string text, string code, string where)
    {
        using var temporary = new TemporaryFolder();

        var fault = Assert.Throws<FaultException>(() => SpecReader.Read(temporary.Write("spec.json", text))).Faults.Single();

        Assert.Equal(code, fault.Code);
        Assert.Contains("spec.json" + where, fault.Where, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"samples\": {\"prompts\": [\"a\", null]}", "'samples.prompts' holds null, which is not text.")]
    [InlineData("\"data\": {\"train\": \"t\", \"columns\": {\"prompt\": null}}", "'data.columns' holds null, which is not text.")]
    [InlineData("\"adapter\": \"a\\u0000b\"", "'adapter' holds a NUL character, which no path can.")]
    public void Read_TextThatCannotBeUsed_IsRefused(string field, string message)
    {
        using var temporary = new TemporaryFolder();
        var data = field.StartsWith("\"data", StringComparison.Ordinal) ? "" : "\"data\": {\"train\": \"t\"}, ";
        var path = temporary.Write("spec.json", $$"""{"job_id": "x", "model": {"path": "m"}, {{data}}{{field}}}""");

        Assert.Equal(message, Assert.Throws<FaultException>(() => SpecReader.Read(path)).Faults.Single().Message);
    }

    [Fact]
    public void Read_MissingFile_SaysWhichOne()
    {
        using var temporary = new TemporaryFolder();

        var fault = Assert.Throws<FaultException>(() => SpecReader.Read(temporary.At("none.json"))).Faults.Single();

        Assert.Equal("unreadable", fault.Code);
        Assert.StartsWith($"The spec '{temporary.At("none.json")}' cannot be read: ", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Override_Path_SetsNumbersListsAndText()
    {
        var tree = SpecWriter.ToTree(new JobSpec());

        SpecReader.Override(tree, "train.max_steps", "20");
        SpecReader.Override(tree, "lora.target_modules", "[\"q_proj\"]");
        SpecReader.Override(tree, "data.columns.prompt", "question");
        SpecReader.Override(tree, "data.train", "my file.jsonl");
        var spec = SpecReader.Bind(tree, ignoreUnknown: false, out var faults);

        Assert.Empty(faults);
        Assert.Equal(20, spec.Train.MaxSteps);
        Assert.Equal(["q_proj"], spec.Lora.TargetModules.Names);
        Assert.Equal("question", spec.Data.Columns!["prompt"]);
        Assert.Equal("my file.jsonl", spec.Data.Train);
    }

    [Fact]
    public void Bind_UnknownField_NamesTheKnownOnes()
    {
        var tree = SpecWriter.ToTree(new JobSpec());
        SpecReader.Override(tree, "lora.rank", "8");

        SpecReader.Bind(tree, ignoreUnknown: false, out var faults);

        Assert.Equal("lora.rank: There is no field 'lora.rank'. Known here: r, alpha, dropout, target_modules, use_rslora. [unknown_field]", faults.Single().ToString());
    }

    [Theory]
    [InlineData("pretrain", "lora", "method")]
    [InlineData("sft", "full", "adapter")]
    public void Validate_MethodThatDoesNotFit_IsRefused(string task, string method, string where)
    {
        var tree = SpecReader.Parse(Encoding.UTF8.GetBytes($$$"""{"job_id":"a","task":"{{{task}}}","method":"{{{method}}}","adapter":"x","model":{"path":"m"},"data":{"train":"t"}}"""), "test");

        var fault = SpecValidator.Validate(SpecReader.Bind(tree, ignoreUnknown: false, out _)).Single();

        Assert.Equal(("wrong_method", where), (fault.Code, fault.Where));
    }
}
