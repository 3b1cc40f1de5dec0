using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Identity.Stored;

/// <summary>A setting that people change while the server runs.</summary>
internal sealed class Setting
{
    public const int LongestKey = 100;
    public const int LongestDescription = 500;

    public required string Key { get; init; }

    public string? Value { get; set; }

    public string? Description { get; set; }

    /// <summary>Whether the value is ciphertext.</summary>
    public bool IsEncrypted { get; set; }

    public required DateTimeOffset UpdatedAt { get; set; }
}

internal sealed class SettingConfiguration : IEntityTypeConfiguration<Setting>
{
    public void Configure(EntityTypeBuilder<Setting> builder)
    {
        builder.ToTable("settings");
        builder.HasKey(setting => setting.Key);
        builder.Property(setting => setting.Key).HasMaxLength(Setting.LongestKey);
        builder.Property(setting => setting.Description).HasMaxLength(Setting.LongestDescription);
    }
}
