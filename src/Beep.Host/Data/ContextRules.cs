using System.Reflection;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Beep.Host.Data;

/// <summary>What holds for the tables of every context.</summary>
internal static class ContextRules
{
    /// <summary>Maps the entities of the program's features that are of one context, and names what they become.</summary>
    /// <param name="builder">Of the model.</param>
    /// <param name="isMapped">Which <see cref="IEntityTypeConfiguration{TEntity}"/> belong to it.</param>
    public static void Apply(ModelBuilder builder, Func<Type, bool> isMapped)
    {
        builder.ApplyConfigurationsFromAssembly(typeof(ContextRules).Assembly, isMapped);
        foreach (var entity in builder.Model.GetEntityTypes())
        {
            Name(entity);
            Require(entity);
        }
    }

    public static void ApplyConventions(ModelConfigurationBuilder builder) => builder.Properties<DateTimeOffset>().HaveConversion<UtcTicksConverter>();

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
