namespace Beep.Host.Setup;

/// <summary>What the audit log calls the steps of a setup.</summary>
internal static class SetupActions
{
    /// <summary>The kind of thing that they happen to, and who does them while nobody can sign in.</summary>
    public const string Resource = "setup";

    public const string Started = "setup_started";
    public const string Unlocked = "setup_unlocked";
    public const string TokenRefused = "setup_token_refused";
    public const string StepSaved = "setup_step_saved";
    public const string Resumed = "setup_resumed";
    public const string DatabaseTested = "setup_database_tested";
    public const string DiscoveryTested = "setup_discovery_tested";
    public const string Refused = "setup_refused";
    public const string SettingsWritten = "setup_settings_written";
    public const string DatabaseMigrated = "database_migrated";
    public const string Completed = "setup_completed";
    public const string ChecklistMarked = "setup_checklist_marked";
}
