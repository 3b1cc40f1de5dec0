namespace Beep.Host.Doctor;

/// <summary>How well something is.</summary>
internal enum DoctorLevel
{
    Ok = 1,
    Warn = 2,
    Fail = 3,
}

/// <summary>What was looked at, what was found, and what to do about it where that is not well.</summary>
internal sealed record DoctorFinding(DoctorLevel Level, string Name, string Text, string? Remedy = null)
{
    public static DoctorFinding Ok(string name, string text) => new(DoctorLevel.Ok, name, text);

    public static DoctorFinding Warn(string name, string text, string remedy) => new(DoctorLevel.Warn, name, text, remedy);

    public static DoctorFinding Fail(string name, string text, string remedy) => new(DoctorLevel.Fail, name, text, remedy);
}
