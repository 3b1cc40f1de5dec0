using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Data;

/// <summary>What holds for the tables without a database.</summary>
public sealed class ModelTests
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    public static TheoryData<string, bool> Models => new(from kind in new[] { TestDatabase.Sqlite, TestDatabase.Postgres } from isFineTune in new[] { false, true } select (kind, isFineTune));

    [Theory]
    [MemberData(nameof(Models))]
    public void Model_Migrations_AreComplete(string kind, bool isFineTune)
    {
        using var context = Context(kind, isFineTune);
        Assert.False(context.Database.HasPendingModelChanges(), $"The {kind} migrations do not make the tables of the model. CONTRIBUTING.md says how to add one.");
        Assert.NotEmpty(context.Database.GetMigrations());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Model_MigrationsOfBothKinds_HaveTheSameNames(bool isFineTune)
    {
        using var sqlite = Context(TestDatabase.Sqlite, isFineTune);
        using var postgres = Context(TestDatabase.Postgres, isFineTune);
        Assert.Equal(sqlite.Database.GetMigrations().Select(Name), postgres.Database.GetMigrations().Select(Name));
        static string Name(string migration) => migration.Split('_', 2)[1];
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Model_Tables_AreInOneContextEach(string kind, bool isFineTune)
    {
        using var context = Context(kind, isFineTune);
        var tables = context.Model.GetEntityTypes().Select(entity => entity.GetTableName()!).ToList();
        Assert.NotEmpty(tables);
        Assert.All(tables, table => Assert.Equal(isFineTune, table.StartsWith("finetune_", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Model_Columns_AreSnakeCaseAndInstantsAreTicks(string kind, bool isFineTune)
    {
        using var context = Context(kind, isFineTune);
        var properties = context.Model.GetEntityTypes().SelectMany(entity => entity.GetProperties()).ToList();
        Assert.All(properties, property => Assert.Matches("^[a-z]+[0-9]*(_[a-z0-9]+)*$", property.GetColumnName()));
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
        using var context = Context(kind, isFineTune: false);
        Assert.False(context.Model.FindEntityType(typeof(Instance))!.FindProperty(nameof(Instance.InstanceId))!.IsNullable);
    }

    private static DbContext Context(string kind, bool isFineTune)
    {
        var address = kind == TestDatabase.Sqlite ? DesignTimeContexts.Sqlite : (DatabaseAddress)DesignTimeContexts.Postgres;
        return isFineTune ? new FineTuneDatabase(address).CreateContext() : new HostDatabase(address).CreateContext();
    }
}
