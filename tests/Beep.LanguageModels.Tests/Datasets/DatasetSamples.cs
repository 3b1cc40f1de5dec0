using Beep.Contracts;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Records;

namespace Beep.LanguageModels.Tests.Datasets;

/// <summary>Short ways to hand a file to the code under test.</summary>
internal static class DatasetSamples
{
    public const string Conversation = """{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}""";

    /// <summary>Every row of a file as the one notation that later stages see, with its line.</summary>
    public static List<(long Line, string Text)> Records(string path)
    {
        using var source = DatasetFile.Open(path).ReadRecords();
        var block = new RecordBlock();
        var records = new List<(long, string)>();
        while (source.Fill(block))
        {
            records.AddRange(block.Records.Select(record => (record.Line, record.Fault is { } fault ? $"{fault.Code}: {fault.Message}" : System.Text.Encoding.UTF8.GetString(block.Bytes(record)))));
            block.Clear();
        }

        return records;
    }

    /// <summary>The sound rows of a file, and what was found in the others.</summary>
    public static (List<DatasetRow> Rows, List<Finding> Findings) Read(string path, DataSpec? data = null, int? vocabularySize = null)
    {
        data ??= new DataSpec();
        var log = new FindingLog();
        var rows = OpenedDataset.Open(path, data).ReadRows(data, log, vocabularySize).ToList();
        return (rows, [.. log.Groups.SelectMany(group => group.First).OrderBy(finding => finding.Line)]);
    }

    /// <summary>The one fault of an action.</summary>
    public static Fault FaultOf(Action action)
    {
        var error = Assert.Throws<FaultException>(action);
        Assert.Equal(WorkerExitCode.Invalid, error.ExitCode);
        return Assert.Single(error.Faults);
    }
}
