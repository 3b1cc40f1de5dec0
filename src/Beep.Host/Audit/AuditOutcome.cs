namespace Beep.Host.Audit;

/// <summary>How it ended; the numbers are stored.</summary>
internal enum AuditOutcome
{
    Succeeded = 1,
    Refused = 2,
    Failed = 3,
}
