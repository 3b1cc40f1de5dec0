using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Models;

/// <summary>A model or an adapter that this host knows, in a folder of Hugging Face or PEFT layout.</summary>
internal sealed class Model
{
    public const int LongestName = 200;
    public const int LongestWord = 50;
    public const int LongestPath = 1000;
    public const int LongestHash = 64;
    public const int LongestText = 4000;

    /// <summary>Rises with every model: lists are in its order.</summary>
    public long Seq { get; init; }

    public required string Id { get; init; }

    /// <summary><c>publisher/name</c>, unique.</summary>
    public required string Name { get; set; }

    public required ModelKind Kind { get; init; }

    public required ModelOrigin Origin { get; init; }

    public ModelState State { get; set; } = ModelState.Preparing;

    /// <summary>Its folder: from the home on where it lies in it, absolute where an admin registered it elsewhere.</summary>
    public required string Path { get; set; }

    /// <summary>From <c>config.json</c>: <c>llama</c>.</summary>
    public string? Architecture { get; set; }

    public long? Parameters { get; set; }

    public long? Bytes { get; set; }

    /// <summary>SHA-256 over its files' own, in the order of their names.</summary>
    public string? Sha256 { get; set; }

    /// <summary>The longest text it takes, in tokens.</summary>
    public int? ContextLength { get; set; }

    public bool HasChatTemplate { get; set; }

    public string? License { get; set; }

    /// <summary>The revision that was downloaded: a commit.</summary>
    public string? Revision { get; set; }

    /// <summary>Of an adapter or a merged model: the public id of what it was made from.</summary>
    public string? BaseId { get; init; }

    /// <summary>The job that it came out of.</summary>
    public string? JobId { get; init; }

    /// <summary>The dataset that it learned, and which version.</summary>
    public string? DatasetId { get; init; }

    public int? DatasetVersion { get; init; }

    /// <summary>The user who added it; null for those that came with the program.</summary>
    public long? OwnerId { get; init; }

    /// <summary>The task that prepares it or did.</summary>
    public string? TaskId { get; set; }

    public string? Error { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Rises with every change: a change is made to the row that was read, or not at all.</summary>
    public int Version { get; set; }
}

/// <summary>The numbers are stored.</summary>
internal enum ModelKind
{
    Base = 1,
    Adapter = 2,

    /// <summary>An adapter added to its base.</summary>
    Merged = 3,
}

/// <summary>Where it came from; the numbers are stored.</summary>
internal enum ModelOrigin
{
    Shipped = 1,
    Imported = 2,
    Downloaded = 3,
    Trained = 4,
}

/// <summary>How far it is; the numbers are stored.</summary>
internal enum ModelState
{
    /// <summary>It is being downloaded, copied or read.</summary>
    Preparing = 1,
    Ready = 2,
    Failed = 3,
}

internal sealed class ModelConfiguration : IEntityTypeConfiguration<Model>
{
    public void Configure(EntityTypeBuilder<Model> builder)
    {
        builder.ToTable("models");
        builder.HasKey(model => model.Seq);
        builder.Property(model => model.Id).HasMaxLength(PublicId.Length);
        builder.Property(model => model.Name).HasMaxLength(Model.LongestName);
        builder.Property(model => model.Path).HasMaxLength(Model.LongestPath);
        builder.Property(model => model.Architecture).HasMaxLength(Model.LongestWord);
        builder.Property(model => model.Sha256).HasMaxLength(Model.LongestHash);
        builder.Property(model => model.License).HasMaxLength(Model.LongestName);
        builder.Property(model => model.Revision).HasMaxLength(Model.LongestHash);
        builder.Property(model => model.BaseId).HasMaxLength(PublicId.Length);
        builder.Property(model => model.JobId).HasMaxLength(PublicId.Length);
        builder.Property(model => model.DatasetId).HasMaxLength(PublicId.Length);
        builder.Property(model => model.TaskId).HasMaxLength(PublicId.Length);
        builder.Property(model => model.Error).HasMaxLength(Model.LongestText);
        builder.Property(model => model.Version).IsConcurrencyToken();
        builder.HasIndex(model => model.Id).IsUnique();
        builder.HasIndex(model => model.Name).IsUnique();
        builder.HasIndex(model => model.BaseId);
        builder.HasIndex(model => model.JobId);
    }
}
