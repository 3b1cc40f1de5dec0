using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Data;

/// <summary>The host's tables in SQLite, with SQLite's migrations.</summary>
internal sealed class SqliteHostDbContext(DbContextOptions<SqliteHostDbContext> options) : HostDbContext(options);
