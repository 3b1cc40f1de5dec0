namespace Beep.LanguageModels.Datasets.Findings;

/// <summary>What a finding means for a training run.</summary>
internal enum FindingSeverity
{
    /// <summary>Worth knowing; the row can be trained on, or the run's policies decide.</summary>
    Warning = 1,

    /// <summary>The row cannot be trained on and the run is refused.</summary>
    Error = 2,
}
