using System.Text.RegularExpressions;

namespace Beep.Host.Jobs.Executors;

/// <summary>What may stand in a directive of a batch script.</summary>
internal static partial class SlurmWords
{
    /// <summary>Whether Slurm can call a partition, an account or a quality of service so; lists have commas.</summary>
    public static bool IsWord(string text) => Word().IsMatch(text);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._,-]{0,199}\z")]
    private static partial Regex Word();
}
