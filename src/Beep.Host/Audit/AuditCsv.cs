using System.Globalization;
using System.Text;

namespace Beep.Host.Audit;

/// <summary>The log as CSV (RFC 4180). A cell that a spreadsheet would run as a formula gets an apostrophe before it.</summary>
internal static class AuditCsv
{
    public const string Header = "seq,created_at,actor_kind,actor_id,actor_name,session_id,ip_address,action,resource_type,resource_id,outcome,correlation_id,details,key_id,hash\r\n";

    public static string Line(AuditRow row) => string.Join(',', new[]
    {
        row.Seq.ToString(CultureInfo.InvariantCulture), row.CreatedAt.ToString("O", CultureInfo.InvariantCulture), Name(row.ActorKind), row.ActorId, row.ActorName, row.SessionId, row.IpAddress,
        row.Action, row.ResourceType, row.ResourceId, Name(row.Outcome), row.CorrelationId, row.Details, row.KeyId, Convert.ToHexStringLower(row.Hash),
    }.Select(Cell)) + "\r\n";

    private static string Name<T>(T value) where T : struct, Enum => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static string Cell(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        var cell = new StringBuilder(text.Length + 2);
        if (text[0] is '=' or '+' or '-' or '@' or '\t' or '\r')
        {
            cell.Append('\'');
        }

        cell.Append(text);
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? cell.ToString() : $"\"{cell.Replace("\"", "\"\"")}\"";
    }
}
