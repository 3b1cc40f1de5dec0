namespace Beep.Host.Audit;

/// <summary>The last row of a chain.</summary>
internal sealed record AuditHead(string InstanceId, long Seq, byte[] Hash);
