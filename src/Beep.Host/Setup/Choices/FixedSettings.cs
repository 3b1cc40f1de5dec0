using Beep.Host.Hosting.Settings;

namespace Beep.Host.Setup.Choices;

/// <summary>What the environment says already: a setup shows it and writes nothing over it, since the environment wins.</summary>
internal sealed class FixedSettings(Func<string, string?> variable)
{
    public bool Has(SettingKey key) => !string.IsNullOrWhiteSpace(variable(key.Name)) || (key.IsSecret && !string.IsNullOrWhiteSpace(variable(key.FileName)));
}
