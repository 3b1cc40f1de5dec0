using Beep.Host.Data;

namespace Beep.Host.Quotas;

/// <summary>What a user has and does in the fine-tuning area.</summary>
/// <param name="Bytes">Of datasets and jobs.</param>
/// <param name="Datasets">How many.</param>
/// <param name="QueuedJobs">How many wait.</param>
/// <param name="RunningJobs">How many run.</param>
/// <param name="GpuMinutes">In this calendar month of UTC.</param>
internal sealed record QuotaUsage(long Bytes = 0, int Datasets = 0, int QueuedJobs = 0, int RunningJobs = 0, double GpuMinutes = 0)
{
    public static QuotaUsage operator +(QuotaUsage left, QuotaUsage right) => new(
        left.Bytes + right.Bytes, left.Datasets + right.Datasets, left.QueuedJobs + right.QueuedJobs, left.RunningJobs + right.RunningJobs, left.GpuMinutes + right.GpuMinutes);
}

/// <summary>Counts what users have of one kind of thing; each feature that has some registers one.</summary>
internal interface IUsageSource
{
    /// <param name="context">Where the counting is part of a change, the context of that change.</param>
    /// <param name="userId">Whose.</param>
    /// <param name="cancellationToken">Stops.</param>
    Task<QuotaUsage> ReadAsync(FineTuneDbContext context, long userId, CancellationToken cancellationToken);
}

/// <summary>Adds up what a user has.</summary>
internal sealed class UsageReader(FineTuneDatabase database, IEnumerable<IUsageSource> sources)
{
    public async Task<QuotaUsage> ReadAsync(long userId, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await ReadAsync(context, userId, cancellationToken);
    }

    /// <summary>As the other, in the change that the context is of.</summary>
    public async Task<QuotaUsage> ReadAsync(FineTuneDbContext context, long userId, CancellationToken cancellationToken)
    {
        var sum = new QuotaUsage();
        foreach (var source in sources)
        {
            sum += await source.ReadAsync(context, userId, cancellationToken);
        }

        return sum;
    }
}
