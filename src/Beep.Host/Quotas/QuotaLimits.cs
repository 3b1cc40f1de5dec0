namespace Beep.Host.Quotas;

/// <summary>What holds for one user; null is no limit.</summary>
/// <param name="Bytes">Of the user's datasets and jobs together.</param>
/// <param name="Datasets">How many at a time.</param>
/// <param name="QueuedJobs">How many may wait.</param>
/// <param name="RunningJobs">How many may run; more wait.</param>
/// <param name="GpuMinutes">In a calendar month of UTC.</param>
internal sealed record QuotaLimits(long? Bytes, int? Datasets, int? QueuedJobs, int? RunningJobs, int? GpuMinutes);
