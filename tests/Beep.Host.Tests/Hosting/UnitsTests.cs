using Beep.Host.Hosting;

namespace Beep.Host.Tests.Hosting;

public sealed class UnitsTests
{
    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(999, "999 bytes")]
    [InlineData(1_234, "1.23 kB")]
    [InlineData(12_340_000, "12.3 MB")]
    [InlineData(1.5e12, "1.5 TB")]
    public void Bytes_Size_HasThreeFigures(double bytes, string expected) => Assert.Equal(expected, Units.Bytes(bytes));

    [Theory]
    [InlineData(0, "0 errors")]
    [InlineData(1, "1 error")]
    [InlineData(12_345, "12,345 errors")]
    public void Count_Noun_AgreesWithItsNumber(double count, string expected) => Assert.Equal(expected, Units.Count(count, "error"));

    [Theory]
    [InlineData(0.2, "0 s")]
    [InlineData(192, "3 m 12 s")]
    [InlineData(4_800, "1 h 20 m")]
    [InlineData(100_000, "1 d 3 h")]
    [InlineData(double.NaN, "?")]
    public void Duration_Seconds_NamesTheTwoLargestUnits(double seconds, string expected) => Assert.Equal(expected, Units.Duration(seconds));

    [Theory]
    [InlineData(4.188, 0.108, "-97 %")]
    [InlineData(1, 1.5, "+50 %")]
    [InlineData(0, 1, "?")]
    public void Change_Figures_IsSigned(double before, double after, string expected) => Assert.Equal(expected, Units.Change(before, after));
}
