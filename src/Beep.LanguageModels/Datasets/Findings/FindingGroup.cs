namespace Beep.LanguageModels.Datasets.Findings;

/// <summary>All findings of one code.</summary>
internal sealed class FindingGroup(string code, FindingSeverity severity)
{
    private readonly List<Finding> _first = [];

    /// <summary>One of <see cref="FindingCodes"/>.</summary>
    public string Code { get; } = code;

    /// <summary>The gravest of them.</summary>
    public FindingSeverity Severity { get; private set; } = severity;

    /// <summary>How many there are.</summary>
    public long Count { get; private set; }

    /// <summary>The first <see cref="FindingLog.DetailsPerCode"/>, in the order of the file.</summary>
    public IReadOnlyList<Finding> First => _first;

    public void Add(Finding finding)
    {
        Count++;
        Keep(finding);
    }

    public void Merge(FindingGroup later)
    {
        Count += later.Count;
        foreach (var finding in later._first)
        {
            Keep(finding);
        }
    }

    private void Keep(Finding finding)
    {
        Severity = (FindingSeverity)Math.Max((int)Severity, (int)finding.Severity);
        if (_first.Count < FindingLog.DetailsPerCode)
        {
            _first.Add(finding);
        }
    }
}
