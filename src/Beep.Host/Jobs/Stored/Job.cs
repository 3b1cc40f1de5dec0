using Beep.Host.Data;
using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Jobs.Stored;

/// <summary>A fine-tune as it is stored. Its run is in the job folder <see cref="HostPaths.Job"/>; here are its states and its summary.</summary>
internal sealed class Job
{
    public const int LongestName = 200;
    public const int LongestWord = 50;
    public const int LongestKey = 255;
    public const int LongestText = 4000;
    public const int LongestSuffix = 64;
    public const int LongestHash = 64;

    /// <summary>Rises with every job: lists are in its order.</summary>
    public long Seq { get; init; }

    public required string Id { get; init; }

    /// <summary>The user's id; no key, since the user is in the host's tables.</summary>
    public required long OwnerId { get; init; }

    public required string Name { get; set; }

    public JobState State { get; set; } = JobState.Draft;

    /// <summary>The model's public id in the registry.</summary>
    public required string ModelId { get; init; }

    /// <summary>What the model was called, which stays readable when the model is gone.</summary>
    public required string ModelName { get; init; }

    public required long DatasetVersionSeq { get; init; }

    public long? ValidationVersionSeq { get; init; }

    /// <summary>The job that this one repeats or was cloned from, by its public id.</summary>
    public string? ParentId { get; init; }

    public string? Preset { get; init; }

    public required string Backend { get; init; }

    public required string Method { get; init; }

    /// <summary>JSON of where it runs and in what; null for the shipped trainer on this machine.</summary>
    public string? Placement { get; init; }

    /// <summary>What its run takes of a host.</summary>
    public string ResourceClass { get; init; } = Tasks.ResourceClass.Cpu;

    /// <summary>JSON of the spec as it was wanted, with ids where the job folder has paths.</summary>
    public required string Spec { get; init; }

    /// <summary>JSON of what the planner said before the start.</summary>
    public string? Plan { get; set; }

    /// <summary>JSON of what came out: the summary of exit.json.</summary>
    public string? Summary { get; set; }

    public string? ErrorCode { get; set; }

    public string? Error { get; set; }

    public string? ErrorRemedy { get; set; }

    /// <summary>The task that trains it now or did last.</summary>
    public string? TaskId { get; set; }

    /// <summary>The higher is begun sooner; 0 unless somebody who may has raised it.</summary>
    public int Priority { get; set; }

    public long Step { get; set; }

    public long TotalSteps { get; set; }

    public double? Loss { get; set; }

    public double? EvaluationLoss { get; set; }

    public long TrainedTokens { get; set; }

    /// <summary>How long devices were held, in seconds, over all starts.</summary>
    public double DeviceSeconds { get; set; }

    /// <summary>What a name of the result ends with.</summary>
    public string? Suffix { get; init; }

    /// <summary>JSON of up to 16 pairs that the caller wanted kept.</summary>
    public string? Metadata { get; init; }

    /// <summary>What the caller gave so that asking twice makes one job.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>SHA-256 of the request that came with the key.</summary>
    public string? RequestHash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? QueuedAt { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>When it was deleted: its row stays for the lineage of what came out of it.</summary>
    public DateTimeOffset? DeletedAt { get; set; }

    /// <summary>Rises with every change: a change is made to the row that was read, or not at all.</summary>
    public int Revision { get; set; }

    /// <summary>Goes to another state.</summary>
    /// <exception cref="InvalidOperationException">There is no way from this one.</exception>
    public void Become(JobState next) =>
        State = State.MayBecome(next) ? next : throw new InvalidOperationException($"The job '{Id}' is {State.Word()} and cannot become {next.Word()}.");
}

internal sealed class JobConfiguration : IEntityTypeConfiguration<Job>, IFineTuneMapping
{
    public void Configure(EntityTypeBuilder<Job> builder)
    {
        builder.ToTable("finetune_jobs");
        builder.HasKey(job => job.Seq);
        builder.Property(job => job.Id).HasMaxLength(PublicId.Length);
        builder.Property(job => job.Name).HasMaxLength(Job.LongestName);
        builder.Property(job => job.ModelId).HasMaxLength(PublicId.Length);
        builder.Property(job => job.ModelName).HasMaxLength(Job.LongestName);
        builder.Property(job => job.ParentId).HasMaxLength(PublicId.Length);
        builder.Property(job => job.Preset).HasMaxLength(Job.LongestWord);
        builder.Property(job => job.Backend).HasMaxLength(Job.LongestWord);
        builder.Property(job => job.Method).HasMaxLength(Job.LongestWord);
        builder.Property(job => job.Placement).HasMaxLength(Job.LongestText);
        builder.Property(job => job.ResourceClass).HasMaxLength(Job.LongestWord).HasDefaultValue(Tasks.ResourceClass.Cpu);
        builder.Property(job => job.ErrorCode).HasMaxLength(Job.LongestWord);
        builder.Property(job => job.Error).HasMaxLength(Job.LongestText);
        builder.Property(job => job.ErrorRemedy).HasMaxLength(Job.LongestText);
        builder.Property(job => job.TaskId).HasMaxLength(PublicId.Length);
        builder.Property(job => job.Suffix).HasMaxLength(Job.LongestSuffix);
        builder.Property(job => job.IdempotencyKey).HasMaxLength(Job.LongestKey);
        builder.Property(job => job.RequestHash).HasMaxLength(Job.LongestHash);
        builder.Property(job => job.Revision).IsConcurrencyToken();
        builder.HasIndex(job => job.Id).IsUnique();
        builder.HasIndex(job => new { job.OwnerId, job.IdempotencyKey }).IsUnique();
        builder.HasIndex(job => new { job.OwnerId, job.DeletedAt, job.Seq });
        builder.HasIndex(job => new { job.DeletedAt, job.Seq });
        builder.HasIndex(job => new { job.State, job.Seq });
        builder.HasIndex(job => job.TaskId);
        builder.HasIndex(job => job.DatasetVersionSeq);
        builder.HasIndex(job => job.ModelId);
    }
}
