using Beep.Contracts;
using Beep.LanguageModels.Datasets.Findings;

namespace Beep.LanguageModels.Datasets;

/// <summary>Turns findings into the refusal of a run.</summary>
internal static class DatasetFaults
{
    /// <summary>Refuses the file when it has an error: the first of them in full, then how many more there are.</summary>
    public static void ThrowIfAny(FindingLog log, string file)
    {
        var errors = log.Errors;
        if (errors == 0)
        {
            return;
        }

        var faults = log.FirstErrors().Select(finding => new Fault(finding.Code, finding.Message, finding.Remedy, $"{file}:{finding.Line}")).ToList();
        if (errors > faults.Count)
        {
            faults.Add(new Fault(
                "more_faults",
                $"'{file}' has {errors - faults.Count:N0} more faults.",
                "See all of them by kind with: beep dataset check FILE",
                file));
        }

        throw new FaultException(WorkerExitCode.Invalid, faults);
    }

    /// <summary>Says that a file cannot be read.</summary>
    public static FaultException Unreadable(string path, Exception cause) =>
        FaultException.Invalid("unreadable", $"The dataset '{path}' cannot be read: {cause.Message}", "Check the path and its permissions.", path, cause);

    /// <summary>Says that a file has no rows.</summary>
    public static FaultException Empty(string file, long dropped = 0) => FaultException.Invalid(
        "empty_dataset",
        dropped == 0 ? $"'{file}' has no rows." : $"'{file}' has no rows left: all {dropped:N0} were left out by data.overlong and data.untrainable.",
        dropped == 0 ? "Put at least one row into it." : "Raise data.max_length, or look at the rows with: beep dataset check FILE",
        file);
}
