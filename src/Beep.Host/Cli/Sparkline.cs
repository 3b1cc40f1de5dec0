namespace Beep.Host.Cli;

/// <summary>A curve one line high.</summary>
internal static class Sparkline
{
    private const string Blocks = "▁▂▃▄▅▆▇█";
    private const string Ascii = "_.-=^";

    /// <summary>The values from the first to the last, averaged into at most <paramref name="width"/> columns.</summary>
    public static string Draw(IReadOnlyList<double> values, int width, bool usesUnicode)
    {
        if (values.Count == 0 || width <= 0)
        {
            return "";
        }

        var columns = Shrink(values, width);
        var (low, high) = (columns.Min(), columns.Max());
        var levels = usesUnicode ? Blocks : Ascii;
        return string.Concat(columns.Select(value => levels[Level(value, low, high, levels.Length)]));
    }

    private static int Level(double value, double low, double high, int levels) =>
        high > low ? (int)Math.Round((value - low) / (high - low) * (levels - 1)) : 0;

    private static double[] Shrink(IReadOnlyList<double> values, int width)
    {
        if (values.Count <= width)
        {
            return [.. values];
        }

        var columns = new double[width];
        for (var column = 0; column < width; column++)
        {
            var (from, to) = ((int)((long)column * values.Count / width), (int)((column + 1L) * values.Count / width));
            for (var i = from; i < to; i++)
            {
                columns[column] += values[i] / (to - from);
            }
        }

        return columns;
    }
}
