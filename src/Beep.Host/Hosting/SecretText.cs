namespace Beep.Host.Hosting;

/// <summary>Text that no log, message or page may show by accident.</summary>
internal sealed record SecretText(string Value)
{
    public override string ToString() => "[secret]";
}
