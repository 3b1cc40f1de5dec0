using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Beep.Host.Data;

/// <summary>Instants as ticks of UTC: they sort and compare alike in every database, and nothing is rounded.</summary>
internal sealed class UtcTicksConverter() : ValueConverter<DateTimeOffset, long>(instant => ToTicks(instant), ticks => new DateTimeOffset(ticks, TimeSpan.Zero))
{
    private static long ToTicks(DateTimeOffset instant) =>
        instant.Offset == TimeSpan.Zero
            ? instant.UtcTicks
            : throw new InvalidOperationException($"The instant '{instant:O}' is not UTC. Take instants from TimeProvider.GetUtcNow().");
}
