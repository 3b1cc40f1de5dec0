using Beep.Host.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Jobs.Backends;

/// <summary>A worker that an admin has registered: any program, or any image of a container, that speaks the job folder.</summary>
internal sealed class CustomBackend
{
    public const int LongestName = 50;
    public const int LongestText = 500;
    public const int LongestDefinition = 20_000;

    public long Id { get; init; }

    public required string Name { get; init; }

    public string? Description { get; set; }

    public bool IsEnabled { get; set; } = true;

    /// <summary>JSON of a <see cref="BackendDefinition"/>.</summary>
    public required string Definition { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Rises with every change: a change is made to the row that was read, or not at all.</summary>
    public int Revision { get; set; }
}

internal sealed class CustomBackendConfiguration : IEntityTypeConfiguration<CustomBackend>, IFineTuneMapping
{
    public void Configure(EntityTypeBuilder<CustomBackend> builder)
    {
        builder.ToTable("finetune_backends");
        builder.HasKey(backend => backend.Id);
        builder.Property(backend => backend.Name).HasMaxLength(CustomBackend.LongestName);
        builder.Property(backend => backend.Description).HasMaxLength(CustomBackend.LongestText);
        builder.Property(backend => backend.Definition).HasMaxLength(CustomBackend.LongestDefinition);
        builder.Property(backend => backend.Revision).IsConcurrencyToken();
        builder.HasIndex(backend => backend.Name).IsUnique();
    }
}
