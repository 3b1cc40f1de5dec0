using System.Text;
using Beep.LanguageModels.Datasets.Findings;

namespace Beep.LanguageModels.Datasets.Checking;

/// <summary>Text such as <c>{{name}}</c> was meant to be filled in; a model would learn it as it stands.</summary>
internal static class PlaceholderRule
{
    private const int LongestName = 40;

    /// <summary>Warns of the first placeholder of a row.</summary>
    public static void Check(ReadOnlySpan<byte> row, FindingLog log)
    {
        int start;
        while ((start = row.IndexOf("{{"u8)) >= 0)
        {
            row = row[(start + 2)..];
            var end = row[..Math.Min(row.Length, LongestName)].IndexOf("}}"u8);
            if (end > 0 && IsName(row[..end].Trim((byte)' ')))
            {
                log.Warn(
                    FindingCodes.UnresolvedPlaceholder,
                    $"The row has the placeholder '{{{{{Encoding.UTF8.GetString(row[..end])}}}}}'.",
                    "Fill it in before training, or the model learns to say it.");
                return;
            }
        }
    }

    private static bool IsName(ReadOnlySpan<byte> text)
    {
        foreach (var character in text)
        {
            if (!char.IsAsciiLetterOrDigit((char)character) && character is not ((byte)'_' or (byte)'-' or (byte)'.'))
            {
                return false;
            }
        }

        return !text.IsEmpty && char.IsAsciiLetter((char)text[0]);
    }
}
