using System.Reflection;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Beep.Host.Data;

/// <summary>The host's tables. Every feature maps its own entities with an <see cref="IEntityTypeConfiguration{TEntity}"/>.</summary>
internal abstract class HostDbContext(DbContextOptions options) : DbContext(options)
{
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicksConverter>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(HostDbContext).Assembly);
        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            Name(entity);
            Require(entity);
        }
    }

    /// <summary>Names as the predecessor of this program has them, and as PostgreSQL takes them without quotes.</summary>
    private static void Name(IMutableEntityType entity)
    {
        foreach (var property in entity.GetProperties().Where(property => property.FindAnnotation(RelationalAnnotationNames.ColumnName) is null))
        {
            property.SetColumnName(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
        }

        foreach (var key in entity.GetKeys())
        {
            key.SetName(key.GetName()!.ToLowerInvariant());
        }

        foreach (var key in entity.GetForeignKeys())
        {
            key.SetConstraintName(key.GetConstraintName()!.ToLowerInvariant());
        }

        foreach (var index in entity.GetIndexes())
        {
            index.SetDatabaseName(index.GetDatabaseName()!.ToLowerInvariant());
        }
    }

    /// <summary>A reference without a question mark is never null; EF's own convention misses types of this assembly.</summary>
    private static void Require(IMutableEntityType entity)
    {
        var nullability = new NullabilityInfoContext();
        foreach (var property in entity.GetProperties().Where(property => property is { ClrType.IsValueType: false, PropertyInfo: not null } && ((IConventionProperty)property).GetIsNullableConfigurationSource() is not ConfigurationSource.Explicit))
        {
            property.IsNullable = nullability.Create(property.PropertyInfo!).ReadState != NullabilityState.NotNull;
        }
    }
}
