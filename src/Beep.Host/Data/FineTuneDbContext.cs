using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Data;

/// <summary>
/// The tables of the fine-tuning area, in the host's database with a migration history of their own: while the area is switched
/// off they are not made, and once made they stay. No key leads from them to the host's tables.
/// </summary>
internal abstract class FineTuneDbContext(DbContextOptions options) : DbContext(options)
{
    /// <summary>Where EF keeps which migrations were applied.</summary>
    public const string History = "finetune_migrations";

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) => ContextRules.ApplyConventions(configurationBuilder);

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        ContextRules.Apply(modelBuilder, mapping => mapping.IsAssignableTo(typeof(IFineTuneMapping)));
}

/// <summary>On an <see cref="IEntityTypeConfiguration{TEntity}"/>: the entity is of the fine-tuning area.</summary>
internal interface IFineTuneMapping;

/// <summary>The fine-tuning tables in SQLite, with SQLite's migrations.</summary>
internal sealed class SqliteFineTuneDbContext(DbContextOptions<SqliteFineTuneDbContext> options) : FineTuneDbContext(options);

/// <summary>The fine-tuning tables in PostgreSQL, with PostgreSQL's migrations.</summary>
internal sealed class PostgresFineTuneDbContext(DbContextOptions<PostgresFineTuneDbContext> options) : FineTuneDbContext(options);
