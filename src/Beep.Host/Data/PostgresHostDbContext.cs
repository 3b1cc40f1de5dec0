using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Data;

/// <summary>The host's tables in PostgreSQL, with PostgreSQL's migrations.</summary>
internal sealed class PostgresHostDbContext(DbContextOptions<PostgresHostDbContext> options) : HostDbContext(options);
