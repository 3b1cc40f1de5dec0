namespace Beep.Host.Hosting.Settings;

/// <summary>A name that a user may set in the environment or in <c>config/host.json</c>.</summary>
/// <param name="Name">As it is written in both places.</param>
/// <param name="Default">What holds where it is not set; null for nothing.</param>
/// <param name="IsSecret">Whether no message may show its value, and <c>NAME_FILE</c> may name a file that holds it.</param>
/// <param name="IsOfEnvironmentOnly">Whether the file, which lies in the home, comes too late to say it.</param>
internal sealed record SettingKey(string Name, string? Default = null, bool IsSecret = false, bool IsOfEnvironmentOnly = false)
{
    public const string FileSuffix = "_FILE";

    /// <summary>The twin that names a file with the value.</summary>
    public string FileName => Name + FileSuffix;
}
