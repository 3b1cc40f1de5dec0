namespace Beep.LanguageModels.Datasets.Findings;

/// <summary>One thing about one row that its author should know.</summary>
/// <param name="Line">The line of the file on which the row begins, from 1.</param>
/// <param name="Code">One of <see cref="FindingCodes"/>.</param>
/// <param name="Message">What is wrong, with the offending value quoted.</param>
/// <param name="Remedy">What to do about it.</param>
/// <param name="Severity">What it means for a run.</param>
/// <param name="Field">The column at fault, by its name in the file; null when the whole row is meant.</param>
internal sealed record Finding(long Line, string Code, string Message, string Remedy, FindingSeverity Severity, string? Field = null);
