using Beep.LanguageModels.Datasets.Checking;

namespace Beep.LanguageModels.Tests.Datasets.Checking;

public sealed class TokenLengthsTests
{
    [Fact]
    public void Percentile_NearestRank_IsALengthThatOccurs()
    {
        var lengths = new TokenLengths();
        for (var length = 1; length <= 100; length++)
        {
            lengths.Add(length);
        }

        Assert.Equal((50, 90, 99, 100), (lengths.Percentile(0.5), lengths.Percentile(0.9), lengths.Percentile(0.99), lengths.Percentile(1)));
        Assert.Equal((100, 5050), (lengths.Rows, lengths.Tokens));
    }

    [Fact]
    public void Histogram_Rows_FallIntoRoundClasses()
    {
        var lengths = new TokenLengths();
        lengths.Add(0);
        lengths.Add(1);
        lengths.Add(10);
        lengths.Add(11, rows: 5);
        lengths.Add(130);

        var histogram = lengths.Histogram();

        Assert.Equal(13, histogram.Count);
        Assert.Equal([new HistogramBucket(1, 10, 3), new HistogramBucket(11, 20, 5)], histogram.Take(2));
        Assert.Equal(new HistogramBucket(121, 130, 1), histogram[^1]);
    }

    [Fact]
    public void Histogram_NoRows_IsEmpty()
    {
        Assert.Empty(new TokenLengths().Histogram());
        Assert.Equal(0, new TokenLengths().Percentile(0.5));
    }
}
