using Beep.Contracts;

namespace Beep.LanguageModels.Datasets.Checking;

/// <summary>How a file is looked at.</summary>
internal sealed record DatasetCheckOptions
{
    /// <summary>Format, columns, longest row and masking; its file names are not read.</summary>
    public DataSpec Data { get; init; } = new();

    /// <summary>What the rows are for; null for what their format is for.</summary>
    public TrainingTask? Task { get; init; }

    /// <summary>A validation file to check too and to compare with; null for none.</summary>
    public string? Validation { get; init; }

    /// <summary>Hears of each block of rows of the file, in their order, on the thread that checks.</summary>
    public Action<CheckedBlock>? Observe { get; init; }
}
