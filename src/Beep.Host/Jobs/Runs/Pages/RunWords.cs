using System.Globalization;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Stored;

namespace Beep.Host.Jobs.Runs.Pages;

/// <summary>How pages show runs.</summary>
internal static class RunWords
{
    /// <summary>A value with a sensible number of digits.</summary>
    public static string Value(double value, string unit) => unit switch
    {
        "bytes" => Units.Bytes(value),
        "tokens/s" => $"{Units.Count(value)}",
        _ => Math.Abs(value) is > 0 and < 1e-3 or >= 1e6 ? value.ToString("0.###e0", CultureInfo.InvariantCulture) : value.ToString("G5", CultureInfo.InvariantCulture),
    };

    public static string Badge(JobState state) => state switch
    {
        JobState.Succeeded => "good",
        JobState.Failed => "bad",
        JobState.Running or JobState.Cancelling or JobState.Validating => "busy",
        JobState.Queued => "waiting",
        _ => "quiet",
    };

    /// <summary>What of a state is worth a sentence, for who watches it.</summary>
    public static string Explain(JobState state) => state switch
    {
        JobState.Draft => "A draft: start it from the list of jobs.",
        JobState.Validating => "It is being looked at before it is queued.",
        JobState.Queued => "It waits for its turn.",
        JobState.Cancelling => "It finishes its step and saves a checkpoint.",
        _ => "",
    };
}
