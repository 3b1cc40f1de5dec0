using System.Text.Json.Nodes;
using Beep.Tests;
using NJsonSchema;

namespace Beep.Contracts.Tests;

/// <summary>The samples of <c>contracts/</c>, which a worker in any language must accept, against the schemas and this code.</summary>
public sealed class GoldenSampleTests
{
    [Theory]
    [InlineData("spec.minimal.json", "spec.schema.json")]
    [InlineData("spec.full.json", "spec.schema.json")]
    [InlineData("spec.later-minor.json", "spec.schema.json")]
    [InlineData("exit.succeeded.json", "exit.schema.json")]
    [InlineData("exit.failed.json", "exit.schema.json")]
    public async Task Sample_Schema_Accepts(string sample, string schema) =>
        Assert.Empty((await SchemaAsync(schema)).Validate(File.ReadAllText(Sample(sample))));

    [Fact]
    public async Task Events_Schema_AcceptsEveryLine()
    {
        var schema = await SchemaAsync("event.schema.json");
        Assert.All(File.ReadAllLines(Sample("events.jsonl")), line => Assert.Empty(schema.Validate(line)));
    }

    [Theory]
    [InlineData("{\"version\":1,\"job_id\":\"a b\",\"model\":{\"path\":\"m\"},\"data\":{\"train\":\"t\"}}")]
    [InlineData("{\"version\":1,\"job_id\":\"a\",\"data\":{\"train\":\"t\"}}")]
    [InlineData("{\"version\":1,\"job_id\":\"a\",\"model\":{\"path\":\"m\"},\"data\":{\"train\":\"t\"},\"lora\":{\"r\":0}}")]
    [InlineData("{\"version\":1,\"job_id\":\"a\",\"model\":{\"path\":\"m\"},\"data\":{\"train\":\"t\"},\"method\":\"magic\"}")]
    public async Task Spec_AtFault_IsRefusedBySchemaAndReaderAlike(string json)
    {
        using var temporary = new TemporaryFolder();

        Assert.NotEmpty((await SchemaAsync("spec.schema.json")).Validate(json));
        Assert.Throws<FaultException>(() => SpecReader.Read(temporary.Write("spec.json", json)));
    }

    [Fact]
    public void Spec_Full_SurvivesReadingAndWriting()
    {
        var expected = JsonNode.Parse(File.ReadAllText(Sample("spec.full.json")))!;

        var written = SpecWriter.ToTree(SpecReader.Read(Sample("spec.full.json")));

        Assert.True(JsonNode.DeepEquals(expected, written), written.ToJsonString());
    }

    [Fact]
    public async Task Spec_Defaults_AreThoseOfTheSchema()
    {
        var spec = SpecReader.Read(Sample("spec.minimal.json"));
        var schema = JsonNode.Parse(await File.ReadAllTextAsync(RepositoryFiles.At("contracts", "spec.schema.json"), TestContext.Current.CancellationToken))!.AsObject();

        Compare(schema, SpecWriter.ToTree(spec), "");

        static void Compare(JsonObject schema, JsonObject tree, string path)
        {
            var properties = schema["properties"]!.AsObject();
            Assert.Equal(properties.Select(p => p.Key).Order(StringComparer.Ordinal), tree.Select(p => p.Key).Order(StringComparer.Ordinal));
            foreach (var (name, property) in properties)
            {
                if (property!["properties"] is not null)
                {
                    Compare(property.AsObject(), tree[name]!.AsObject(), path + name + ".");
                }
                else if (property.AsObject().ContainsKey("default"))
                {
                    Assert.True(JsonNode.DeepEquals(property["default"], tree[name]), $"{path}{name}: schema {property["default"]}, code {tree[name]}");
                }
            }
        }
    }

    [Fact]
    public void Spec_LaterMinor_IsReadWithoutItsNewFields() => Assert.Equal("models/base", SpecReader.Read(Sample("spec.later-minor.json")).Model.Path);

    [Fact]
    public void Spec_LaterMajor_IsRefused()
    {
        var fault = Assert.Throws<FaultException>(() => SpecReader.Read(Sample("spec.later-major.json"))).Faults[0];

        Assert.Equal(("unknown_version", "The spec is of version 2; this program reads up to 1."), (fault.Code, fault.Message));
    }

    [Fact]
    public void Events_EverySample_SurvivesReadingAndWriting()
    {
        using var temporary = new TemporaryFolder();
        var folder = new JobFolder(temporary.Path);
        var events = EventReader.ReadFrom(Sample("events.jsonl")).Select(line => line.Event!).ToList();

        Assert.Equal(13, events.Count);
        using (var writer = new EventWriter(folder, TimeProvider.System))
        {
            events.ForEach(e => writer.Write(e));
        }

        var (expected, written) = (File.ReadAllLines(Sample("events.jsonl")), File.ReadAllLines(folder.Events));
        Assert.All(expected.Zip(written), pair => Assert.Equal(WithoutInstant(pair.First), WithoutInstant(pair.Second)));

        static string WithoutInstant(string line)
        {
            var tree = JsonNode.Parse(line)!.AsObject();
            tree.Remove("at");
            return tree.ToJsonString();
        }
    }

    [Fact]
    public void Events_DamagedFile_YieldsWhatIsWhole()
    {
        var lines = EventReader.ReadFrom(Sample("events.damaged.jsonl")).ToList();

        Assert.Equal(4, lines.Count);
        Assert.Equal(1, Assert.IsType<ProgressEvent>(lines[0].Event).Step);
        Assert.StartsWith("the line at byte ", lines[1].Damage, StringComparison.Ordinal);
        Assert.True(lines[2] is { Event: null, Damage: null });
        Assert.Equal(2, Assert.IsType<ProgressEvent>(lines[3].Event).Step);
    }

    [Theory]
    [InlineData("exit.succeeded.json")]
    [InlineData("exit.failed.json")]
    public void Exit_EverySample_SurvivesReadingAndWriting(string sample)
    {
        using var temporary = new TemporaryFolder();
        var folder = new JobFolder(temporary.Path);
        File.Copy(Sample(sample), folder.Exit);

        JobExit.Read(folder)!.Write(folder);

        Assert.Equal(JsonNode.Parse(File.ReadAllText(Sample(sample)))!.ToJsonString(), JsonNode.Parse(File.ReadAllText(folder.Exit))!.ToJsonString());
    }

    private static string Sample(string name) => RepositoryFiles.At("contracts", "samples", name);

    private static Task<JsonSchema> SchemaAsync(string name) => JsonSchema.FromFileAsync(RepositoryFiles.At("contracts", name), TestContext.Current.CancellationToken);
}
