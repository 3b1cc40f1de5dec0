using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Environments.Stored;

/// <summary>A Python environment that this host knows: one that it made in the home, or somebody else's that it only uses.</summary>
internal sealed class EnvironmentRow
{
    public const int LongestName = 64;
    public const int LongestWord = 64;
    public const int LongestPath = 1000;
    public const int LongestSource = 2100;
    public const int LongestHash = 64;
    public const int LongestText = 4000;

    /// <summary>Rises with every environment: lists are in its order.</summary>
    public long Seq { get; init; }

    public required string Id { get; init; }

    /// <summary>Unique, in small letters: a folder of the name is made.</summary>
    public required string Name { get; init; }

    public required EnvironmentOrigin Origin { get; init; }

    public EnvironmentState State { get; set; } = EnvironmentState.Preparing;

    /// <summary>Of one that was made here: from which requirements.</summary>
    public string? Preset { get; init; }

    /// <summary>The interpreter that jobs run: from the home on where it lies in it, absolute where it is somebody else's.</summary>
    public required string Python { get; init; }

    /// <summary>Of one that was made here: the absolute path of the runtime that it was made from.</summary>
    public string? BasePython { get; init; }

    /// <summary>Of one that was made here: where its packages come from, without credentials.</summary>
    public string? IndexAddress { get; init; }

    /// <summary>A second index beside <see cref="IndexAddress"/>.</summary>
    public string? ExtraIndexAddress { get; init; }

    /// <summary>The folder that its packages come from, absolute, where no index is asked.</summary>
    public string? Wheelhouse { get; init; }

    /// <summary>What installed it, with its version.</summary>
    public string? Installer { get; set; }

    /// <summary>Of its interpreter: <c>3.12.4</c>.</summary>
    public string? PythonVersion { get; set; }

    /// <summary>Of its interpreter, as Python calls it: <c>x86_64</c>.</summary>
    public string? Architecture { get; set; }

    /// <summary>SHA-256 of the lock file.</summary>
    public string? LockSha256 { get; set; }

    /// <summary>What the last check said, as JSON: <see cref="EnvironmentReport"/>.</summary>
    public string? Report { get; set; }

    public DateTimeOffset? VerifiedAt { get; set; }

    /// <summary>On disk, of one that was made here.</summary>
    public long? Bytes { get; set; }

    public int? Packages { get; set; }

    /// <summary>The user who added it; null for the command line.</summary>
    public long? OwnerId { get; init; }

    /// <summary>The task that works on it or did last.</summary>
    public string? TaskId { get; set; }

    /// <summary>Why it cannot be used.</summary>
    public string? Error { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Rises with every change: a change is made to the row that was read, or not at all.</summary>
    public int Version { get; set; }
}

/// <summary>Whose it is; the numbers are stored.</summary>
internal enum EnvironmentOrigin
{
    /// <summary>Made here, and repaired and removed with its files.</summary>
    Created = 1,

    /// <summary>Somebody else's interpreter: never changed or removed by the host.</summary>
    Registered = 2,
}

/// <summary>How far it is; the numbers are stored.</summary>
internal enum EnvironmentState
{
    /// <summary>It is being made, repaired or verified for the first time.</summary>
    Preparing = 1,
    Ready = 2,

    /// <summary>It never became whole; there is nothing of it.</summary>
    Failed = 3,

    /// <summary>It is there, and its last check failed.</summary>
    Broken = 4,

    /// <summary>Its files are being removed.</summary>
    Removing = 5,
}

internal sealed class EnvironmentConfiguration : IEntityTypeConfiguration<EnvironmentRow>
{
    public void Configure(EntityTypeBuilder<EnvironmentRow> builder)
    {
        builder.ToTable("environments");
        builder.HasKey(row => row.Seq);
        builder.Property(row => row.Id).HasMaxLength(PublicId.Length);
        builder.Property(row => row.Name).HasMaxLength(EnvironmentRow.LongestName);
        builder.Property(row => row.Preset).HasMaxLength(EnvironmentRow.LongestWord);
        builder.Property(row => row.Python).HasMaxLength(EnvironmentRow.LongestPath);
        builder.Property(row => row.BasePython).HasMaxLength(EnvironmentRow.LongestPath);
        builder.Property(row => row.IndexAddress).HasMaxLength(EnvironmentRow.LongestSource);
        builder.Property(row => row.ExtraIndexAddress).HasMaxLength(EnvironmentRow.LongestSource);
        builder.Property(row => row.Wheelhouse).HasMaxLength(EnvironmentRow.LongestPath);
        builder.Property(row => row.Installer).HasMaxLength(EnvironmentRow.LongestWord);
        builder.Property(row => row.PythonVersion).HasMaxLength(EnvironmentRow.LongestWord);
        builder.Property(row => row.Architecture).HasMaxLength(EnvironmentRow.LongestWord);
        builder.Property(row => row.LockSha256).HasMaxLength(EnvironmentRow.LongestHash);
        builder.Property(row => row.TaskId).HasMaxLength(PublicId.Length);
        builder.Property(row => row.Error).HasMaxLength(EnvironmentRow.LongestText);
        builder.Property(row => row.Version).IsConcurrencyToken();
        builder.HasIndex(row => row.Id).IsUnique();
        builder.HasIndex(row => row.Name).IsUnique();
    }
}
