using Beep.Contracts;
using Beep.Host.Hosting.Http;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Records;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.Host.Datasets.Checking;

/// <summary>
/// Looks at the beginning of a file before its upload is answered. Refused is what could not be read at all, or would be read as
/// something else than was meant; what is merely wrong with some rows is kept and said in the report.
/// </summary>
internal static class QuickCheck
{
    private static readonly HashSet<string> Unreadable =
    [
        FindingCodes.BadCsv, FindingCodes.BadJson, FindingCodes.CellCount, FindingCodes.DuplicateKey, FindingCodes.LineTooLong, FindingCodes.NanLiteral, FindingCodes.NotUtf8,
        FindingCodes.TooDeep, FindingCodes.TooManyValues,
    ];

    /// <summary>Reads at most so many bytes of rows.</summary>
    /// <exception cref="HttpFaultException">422: the first faults, each with its line.</exception>
    public static void Run(string path, string sourceName, long most, CancellationToken cancellationToken)
    {
        try
        {
            var log = new FindingLog();
            var valid = Read(path, log, most, cancellationToken);
            var faults = log.FirstErrors().Where(finding => valid == 0 || Unreadable.Contains(finding.Code)).Select(finding => Describe(finding, sourceName)).ToList();
            if (faults.Count > 0)
            {
                throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, faults);
            }

            // Codes that come later than the first of others are counted too.
            if (log.Groups.FirstOrDefault(group => group.Severity == FindingSeverity.Error && Unreadable.Contains(group.Code)) is { } group)
            {
                throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, [.. group.First.Select(finding => Describe(finding, sourceName))]);
            }
        }
        catch (FaultException fault)
        {
            throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, [.. fault.Faults.Select(one => Hide(one, path, sourceName))]);
        }
    }

    /// <summary>A fault without the place of the file on this server.</summary>
    public static Fault Hide(Fault fault, string path, string sourceName) => fault with
    {
        Message = fault.Message.Replace(path, sourceName, StringComparison.Ordinal),
        Remedy = fault.Remedy.Replace(path, sourceName, StringComparison.Ordinal),
        Where = fault.Where?.Replace(path, sourceName, StringComparison.Ordinal),
    };

    private static long Read(string path, FindingLog log, long most, CancellationToken cancellationToken)
    {
        var (dataset, data) = OpenedDataset.OpenGuessing(path, new DataSpec());
        using var source = dataset.File.ReadRecords();
        var reader = new RowReader(dataset.Kind, data, vocabularySize: null);
        var block = new RecordBlock();
        var (rows, valid, bytes) = (0L, 0L, 0L);
        while (bytes < most && source.Fill(block))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var record in block.Records)
            {
                reader.Read(block, record, log, materialize: false);
                rows++;
                valid += log.RowHasError ? 0 : 1;
                bytes += record.Length;
            }

            block.Clear();
        }

        return rows > 0 ? valid : throw FaultException.Invalid("empty_dataset", $"'{path}' has no rows.", "Put at least one row into it.", path);
    }

    private static Fault Describe(Finding finding, string sourceName) =>
        new(finding.Code, finding.Message, finding.Remedy, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{sourceName}:{finding.Line}"));
}
