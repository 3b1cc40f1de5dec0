using MudBlazor;

namespace Beep.Host.Shell.Layout;

/// <summary>One accent, quiet surfaces, system fonts; colours that pass WCAG AA on the surfaces that they are used on.</summary>
internal static class BeepTheme
{
    private static readonly string[] Fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Ubuntu", "Cantarell", "Noto Sans", "sans-serif"];

    public static readonly MudTheme Theme = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#3451b2",
            PrimaryContrastText = "#ffffff",
            Secondary = "#5b6472",
            Info = "#0b68a8",
            Success = "#18794e",
            Warning = "#8f5500",
            Error = "#c02a2e",
            Background = "#f7f8fa",
            BackgroundGray = "#eef0f4",
            Surface = "#ffffff",
            AppbarBackground = "#ffffff",
            AppbarText = "#1b1f27",
            DrawerBackground = "#f7f8fa",
            DrawerText = "#3c4452",
            DrawerIcon = "#5b6472",
            TextPrimary = "#1b1f27",
            TextSecondary = "#565e6c",
            TextDisabled = "#6b7280",
            ActionDefault = "#4b5361",
            ActionDisabled = "#8a92a0",
            LinesDefault = "#dfe3ea",
            LinesInputs = "#8a92a0",
            TableLines = "#e6e9ef",
            Divider = "#dfe3ea",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#9eb1ff",
            PrimaryContrastText = "#10131a",
            Secondary = "#a3acbb",
            Info = "#70b8ff",
            Success = "#4cc38a",
            SuccessContrastText = "#10131a",
            Warning = "#f1a10d",
            WarningContrastText = "#10131a",
            Error = "#ff9592",
            ErrorContrastText = "#10131a",
            Background = "#111318",
            BackgroundGray = "#191c23",
            Surface = "#191c23",
            AppbarBackground = "#15181e",
            AppbarText = "#eceff4",
            DrawerBackground = "#15181e",
            DrawerText = "#c3cad6",
            DrawerIcon = "#a3acbb",
            TextPrimary = "#eceff4",
            TextSecondary = "#a9b2c0",
            TextDisabled = "#8a93a2",
            ActionDefault = "#c3cad6",
            ActionDisabled = "#6d7686",
            LinesDefault = "#2c313b",
            LinesInputs = "#6d7686",
            TableLines = "#262b34",
            Divider = "#2c313b",
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "8px", DrawerWidthLeft = "232px", DrawerMiniWidthLeft = "56px", AppbarHeight = "56px" },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Fonts, FontSize = ".875rem", LineHeight = "1.5", LetterSpacing = "normal" },
            H1 = new H1Typography { FontFamily = Fonts, FontSize = "1.5rem", FontWeight = "600", LineHeight = "1.3", LetterSpacing = "-.01em" },
            H2 = new H2Typography { FontFamily = Fonts, FontSize = "1.125rem", FontWeight = "600", LineHeight = "1.4", LetterSpacing = "normal" },
            H3 = new H3Typography { FontFamily = Fonts, FontSize = "1rem", FontWeight = "600", LineHeight = "1.4", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontFamily = Fonts, FontSize = ".875rem", FontWeight = "500", TextTransform = "none", LetterSpacing = "normal" },
        },
    };
}
