namespace Beep.Host.Shell;

/// <summary>Dark or light, as the person chose or as the system of the person's machine is; the script of the pages keeps both in cookies.</summary>
internal readonly record struct ThemeChoice(string Chosen, bool IsDark)
{
    public const string System = "system";
    public const string Dark = "dark";
    public const string Light = "light";
    private const string ChosenCookie = "beep-theme";
    private const string SystemCookie = "beep-theme-system";

    public static ThemeChoice Of(HttpRequest request)
    {
        var chosen = request.Cookies[ChosenCookie] is { } known and (Dark or Light) ? known : System;
        return new ThemeChoice(chosen, (chosen == System ? request.Cookies[SystemCookie] : chosen) == Dark);
    }
}
