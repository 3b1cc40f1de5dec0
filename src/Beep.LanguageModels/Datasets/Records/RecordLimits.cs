namespace Beep.LanguageModels.Datasets.Records;

/// <summary>The bounds that keep a hostile or broken file from taking the machine's memory.</summary>
internal static class RecordLimits
{
    /// <summary>The longest row, in bytes: 16 MiB, some four million tokens.</summary>
    public const int MaxRecordBytes = 16 << 20;

    /// <summary>How deep objects and lists may nest; the row's own object is level 1.</summary>
    public const int MaxDepth = 64;

    /// <summary>How many values a row may hold; a list of numbers counts as one.</summary>
    public const int MaxValues = 1 << 20;

    /// <summary>How many columns a CSV file may have.</summary>
    public const int MaxColumns = 4096;

    /// <summary>About how many bytes of rows are handed to a worker at once.</summary>
    public const int BlockBytes = 1 << 20;

    /// <summary>About how many rows are handed to a worker at once.</summary>
    public const int BlockRecords = 1 << 14;
}
