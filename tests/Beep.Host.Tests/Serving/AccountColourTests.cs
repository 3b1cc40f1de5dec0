using System.Text.RegularExpressions;
using Beep.Host.Shell.Layout;
using Beep.Tests;
using MudBlazor;

namespace Beep.Host.Tests.Serving;

/// <summary>Pages without a circuit have their colours in the sheet, for a first visit: they are those of the theme.</summary>
public sealed partial class AccountColourTests
{
    [Theory]
    [InlineData("light")]
    [InlineData("dark")]
    public void Colours_OfPagesWithoutACircuit_AreThoseOfTheTheme(string theme)
    {
        Palette palette = theme == "dark" ? BeepTheme.Theme.PaletteDark : BeepTheme.Theme.PaletteLight;
        var sheet = File.ReadAllText(RepositoryFiles.At("src", "Beep.Host", "wwwroot", "beep.css"));
        var block = Regex.Match(sheet, $@"html\[data-theme=""{theme}""\] \.account \{{(?<colours>[^}}]+)\}}").Groups["colours"].Value;
        var colours = Colour().Matches(block).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["colour"].Value);
        Assert.Equal(13, colours.Count);
        foreach (var (name, colour) in colours)
        {
            var property = string.Concat(name.Replace("primary-text", "primary-contrast-text", StringComparison.Ordinal).Replace("text-primary-contrast-text", "text-primary", StringComparison.Ordinal).Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
            var wanted = (MudBlazor.Utilities.MudColor)typeof(Palette).GetProperty(property)!.GetValue(palette)!;
            Assert.Equal((name, wanted.ToString(MudBlazor.Utilities.MudColorOutputFormats.Hex)), (name, colour));
        }

        Assert.Contains($"html[data-theme=\"{theme}\"] body {{ background: {colours["background"]}; }}", sheet, StringComparison.Ordinal);
    }

    [GeneratedRegex("--mud-palette-(?<name>[a-z-]+): (?<colour>#[0-9a-f]{6});")]
    private static partial Regex Colour();
}
