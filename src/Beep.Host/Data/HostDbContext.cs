using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Data;

/// <summary>The host's tables. Every feature maps its own entities with an <see cref="IEntityTypeConfiguration{TEntity}"/>.</summary>
internal abstract class HostDbContext(DbContextOptions options) : DbContext(options)
{
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) => ContextRules.ApplyConventions(configurationBuilder);

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        ContextRules.Apply(modelBuilder, mapping => !mapping.IsAssignableTo(typeof(IFineTuneMapping)));
}
