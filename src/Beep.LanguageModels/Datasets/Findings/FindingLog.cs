namespace Beep.LanguageModels.Datasets.Findings;

/// <summary>Gathers findings in bounded memory: every one is counted, the first of each code are kept.</summary>
internal sealed class FindingLog
{
    /// <summary>How many findings of a code are kept in full.</summary>
    public const int DetailsPerCode = 20;

    private readonly Dictionary<string, FindingGroup> _groups = [];
    private long _line;

    /// <summary>Whether the row at hand has an error.</summary>
    public bool RowHasError { get; private set; }

    /// <summary>The groups, errors first, then by how many there are.</summary>
    public IReadOnlyList<FindingGroup> Groups =>
        [.. from found in _groups.Values
            orderby found.Severity descending, found.Count descending, found.Code
            select found];

    /// <summary>How many errors there are.</summary>
    public long Errors => _groups.Values.Where(group => group.Severity == FindingSeverity.Error).Sum(group => group.Count);

    /// <summary>What follows belongs to the row that begins on <paramref name="line"/>.</summary>
    public void BeginRow(long line)
    {
        _line = line;
        RowHasError = false;
    }

    public void Error(string code, string message, string remedy, string? field = null) =>
        Add(new Finding(_line, code, message, remedy, FindingSeverity.Error, field));

    public void Warn(string code, string message, string remedy, string? field = null) =>
        Add(new Finding(_line, code, message, remedy, FindingSeverity.Warning, field));

    public void Add(Finding finding)
    {
        RowHasError |= finding.Severity == FindingSeverity.Error;
        Group(finding.Code, finding.Severity).Add(finding);
    }

    /// <summary>How many findings of the code there are.</summary>
    public long Count(string code) => _groups.TryGetValue(code, out var group) ? group.Count : 0;

    /// <summary>Takes over what was found in a later part of the same file.</summary>
    public void Merge(FindingLog later)
    {
        foreach (var group in later._groups.Values)
        {
            Group(group.Code, group.Severity).Merge(group);
        }
    }

    /// <summary>The first errors of the file, at most <see cref="DetailsPerCode"/>.</summary>
    public IReadOnlyList<Finding> FirstErrors() =>
        [.. _groups.Values.SelectMany(group => group.First).Where(finding => finding.Severity == FindingSeverity.Error)
            .OrderBy(finding => finding.Line).Take(DetailsPerCode)];

    private FindingGroup Group(string code, FindingSeverity severity)
    {
        if (!_groups.TryGetValue(code, out var group))
        {
            _groups[code] = group = new FindingGroup(code, severity);
        }

        return group;
    }
}
