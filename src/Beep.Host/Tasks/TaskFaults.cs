using System.Data.Common;
using System.Globalization;
using Beep.Contracts;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tasks;

/// <summary>Why a task fails through no fault of its own.</summary>
internal static class TaskFaults
{
    public static readonly Fault HostStopped = new("host_stopped", "The server was stopped while the task ran, and the task cannot go on where it was.", "Start it again.");

    public static readonly Fault HostLost = new("host_lost", "The server ended while the task ran, and the task cannot go on where it was.", "Start it again.");

    /// <summary>Whether it is the database that failed, which may be back soon.</summary>
    public static bool IsDatabaseAway(Exception error) => error is DbException or DbUpdateException or TimeoutException or InvalidOperationException { InnerException: DbException or TimeoutException };

    public static Fault TooManyAttempts(int attempts) =>
        new("too_many_attempts", string.Create(CultureInfo.InvariantCulture, $"The server ended {attempts} times while the task ran."), "The logs of the server and of the system say why it ended. Start the task again when that is repaired.");
}
