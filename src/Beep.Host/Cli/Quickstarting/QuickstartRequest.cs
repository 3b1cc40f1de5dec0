namespace Beep.Host.Cli.Quickstarting;

/// <summary>How the quickstart is wanted.</summary>
/// <param name="Port">Where its server shall listen; null for the setting's.</param>
/// <param name="Again">Whether a former one is removed first.</param>
internal sealed record QuickstartRequest(int? Port, bool Again);
