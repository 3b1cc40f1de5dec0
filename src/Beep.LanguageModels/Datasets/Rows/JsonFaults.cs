using System.Buffers;
using System.Text;
using System.Text.Json;
using Beep.LanguageModels.Datasets.Findings;

namespace Beep.LanguageModels.Datasets.Rows;

/// <summary>Says why a row is not JSON in UTF-8, and at which byte.</summary>
internal static class JsonFaults
{
    private const string LineRemedy = "Write each row with a JSON library, one object on one line.";

    public static void ReportNotUtf8(ReadOnlySpan<byte> row, FindingLog log)
    {
        var position = 0;
        while (Rune.DecodeFromUtf8(row[position..], out _, out var length) == OperationStatus.Done)
        {
            position += length;
        }

        log.Error(
            FindingCodes.NotUtf8,
            $"The row is not UTF-8: byte {position + 1:N0} of it begins no character.",
            "Save the file as UTF-8.");
    }

    public static void Report(ReadOnlySpan<byte> row, JsonException error, FindingLog log)
    {
        var (line, column) = (error.LineNumber ?? 0, (int)(error.BytePositionInLine ?? 0));
        var at = Offset(row, line, column);
        if (at >= row.Length)
        {
            log.Error(FindingCodes.BadJson, "The row is not valid JSON: it ends before its object is closed.", LineRemedy);
            return;
        }

        // The reader stops at a literal's first wrong byte, which is the second of -Infinity.
        var isNegative = at > 0 && row[(at - 1)..].StartsWith("-Infinity"u8);
        var literal = isNegative ? "-Infinity" : row[at..].StartsWith("Infinity"u8) ? "Infinity" : row[at..].StartsWith("NaN"u8) ? "NaN" : null;
        var first = isNegative ? column : column + 1;
        var place = line == 0 ? $"at byte {first:N0}" : $"at byte {first:N0} of its line {line + 1:N0}";
        if (literal is not null)
        {
            log.Error(
                FindingCodes.NanLiteral,
                $"{literal} stands {place} of the row; JSON has no such number.",
                "Write a finite number or null.");
            return;
        }

        var text = error.Message;
        var tail = text.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var remedy = row[at] == '\'' ? "Write it with a JSON library (json.dumps); JSON has double quotation marks only." : LineRemedy;
        log.Error(FindingCodes.BadJson, $"The row is not valid JSON {place}: {(tail < 0 ? text : text[..tail])}", remedy);
    }

    private static int Offset(ReadOnlySpan<byte> row, long line, int column)
    {
        var start = 0;
        for (; line > 0; line--)
        {
            start += row[start..].IndexOf((byte)'\n') + 1;
        }

        return start + column;
    }
}
