using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Data;

/// <summary>What holds for the tables without a database.</summary>
public sealed class ModelTests
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Model_Migrations_AreComplete(string kind)
    {
        using var context = Context(kind);
        Assert.False(context.Database.HasPendingModelChanges(), $"The {kind} migrations do not make the tables of the model. CONTRIBUTING.md says how to add one.");
        Assert.NotEmpty(context.Database.GetMigrations());
    }

    [Fact]
    public void Model_MigrationsOfBothKinds_HaveTheSameNames()
    {
        using var sqlite = Context(TestDatabase.Sqlite);
        using var postgres = Context(TestDatabase.Postgres);
        Assert.Equal(sqlite.Database.GetMigrations().Select(Name), postgres.Database.GetMigrations().Select(Name));
        static string Name(string migration) => migration.Split('_', 2)[1];
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Model_Columns_AreSnakeCaseAndInstantsAreTicks(string kind)
    {
        using var context = Context(kind);
        var properties = context.Model.GetEntityTypes().SelectMany(entity => entity.GetProperties()).ToList();
        Assert.All(properties, property => Assert.Matches("^[a-z]+(_[a-z0-9]+)*$", property.GetColumnName()));
        Assert.All(properties, property => Assert.NotEqual(typeof(DateTime), Nullable.GetUnderlyingType(property.ClrType) ?? property.ClrType));
        var instants = properties.Where(property => property.ClrType == typeof(DateTimeOffset)).ToList();
        Assert.NotEmpty(instants);
        Assert.All(instants, property => Assert.EndsWith("_at", property.GetColumnName(), StringComparison.Ordinal));
        Assert.All(instants, property => Assert.Equal(typeof(long), property.GetValueConverter()!.ProviderClrType));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Model_TextThatIsNeverNull_IsRequired(string kind)
    {
        using var context = Context(kind);
        Assert.False(context.Model.FindEntityType(typeof(Instance))!.FindProperty(nameof(Instance.InstanceId))!.IsNullable);
    }

    private static HostDbContext Context(string kind) =>
        new HostDatabase(kind == TestDatabase.Sqlite ? DesignTimeContexts.Sqlite : (DatabaseAddress)DesignTimeContexts.Postgres).CreateContext();
}
