namespace Beep.Host.Setup.Completion;

/// <summary>How far a completion has come: wherever the process ends, beginning again completes it.</summary>
internal enum CompletionPoint
{
    Checked = 1,
    SettingsWritten = 2,
    Migrated = 3,
    Seeded = 4,
    AdminCreated = 5,
    RecordsWritten = 6,
    Committed = 7,
    CleanedUp = 8,
}

/// <summary>Told at every point; a test ends the process there.</summary>
internal delegate Task CompletionWatch(CompletionPoint point);
