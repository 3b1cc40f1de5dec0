using Beep.Host.Cli;
using Beep.Host.Hosting;

namespace Beep.Host.Tests.Cli;

public sealed class FigureTests
{
    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(999, "999 bytes")]
    [InlineData(1234, "1.23 kB")]
    [InlineData(12_345_678, "12.3 MB")]
    [InlineData(123_456_789_012, "123 GB")]
    public void Bytes_AnySize_HasAUnitAndThreeFigures(double bytes, string expected) => Assert.Equal(expected, Units.Bytes(bytes));

    [Theory]
    [InlineData(0.4, "0 s")]
    [InlineData(59.6, "1 m 0 s")]
    [InlineData(192, "3 m 12 s")]
    [InlineData(3660, "1 h 1 m")]
    [InlineData(200_000, "2 d 7 h")]
    [InlineData(double.NaN, "?")]
    [InlineData(double.PositiveInfinity, "?")]
    public void Duration_AnyLength_HasTwoUnits(double seconds, string expected) =>
        Assert.Equal(expected, Units.Duration(seconds));

    [Theory]
    [InlineData(4.0, 2.0, "-50 %")]
    [InlineData(2.0, 3.0, "+50 %")]
    [InlineData(2.0, 2.0, "0 %")]
    [InlineData(0.0, 2.0, "?")]
    public void Change_TwoFigures_IsSigned(double before, double after, string expected) => Assert.Equal(expected, Units.Change(before, after));

    [Fact]
    public void Draw_FallingCurve_FallsToItsLowest() => Assert.Equal("█▆▅▃▁", Sparkline.Draw([4, 3.1, 2.3, 1.2, 0], 10, usesUnicode: true));

    [Fact]
    public void Draw_MoreValuesThanColumns_Averages() => Assert.Equal("▁█", Sparkline.Draw([1, 3, 10, 20], 2, usesUnicode: true));

    [Fact]
    public void Draw_Ascii_UsesAsciiOnly() => Assert.Equal("_^", Sparkline.Draw([0, 1], 5, usesUnicode: false));

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    public void Draw_NoRoom_IsEmpty(int width) => Assert.Equal("", Sparkline.Draw([1, 2], width, usesUnicode: true));

    [Fact]
    public void Draw_ConstantCurve_IsFlat() => Assert.Equal("▁▁▁", Sparkline.Draw([2, 2, 2], 5, usesUnicode: true));

    [Theory]
    [InlineData("beep train --out /tmp/job", "train", "--out", "/tmp/job")]
    [InlineData("beep generate --prompt \"What is it?\"", "generate", "--prompt", "What is it?")]
    [InlineData("beep generate --prompt 'costs $5'", "generate", "--prompt", "costs $5")]
    [InlineData("beep generate --prompt \"it's\"", "generate", "--prompt", "it's")]
    public void Call_Arguments_AreQuotedForAShell(string expected, params string[] arguments) =>
        Assert.Equal(expected, CommandLineText.Call(arguments));
}
