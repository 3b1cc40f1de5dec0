using System.Globalization;

namespace Beep.Host.Hosting;

/// <summary>Numbers as people read them.</summary>
internal static class Units
{
    private const double Kilo = 1000;

    private static readonly string[] ByteNames = ["bytes", "kB", "MB", "GB", "TB", "PB"];

    /// <summary>1.2 GB.</summary>
    public static string Bytes(double bytes)
    {
        var unit = 0;
        while (bytes >= Kilo && unit < ByteNames.Length - 1)
        {
            bytes /= Kilo;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{Significant(bytes, unit == 0)} {ByteNames[unit]}");
    }

    /// <summary>12,345.</summary>
    public static string Count(double count) => Math.Round(count).ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>1 error; 12,345 errors.</summary>
    public static string Count(double count, string noun) => $"{Count(count)} {noun}{(Math.Round(count) == 1 ? "" : "s")}";

    /// <summary>3 m 12 s.</summary>
    public static string Duration(double seconds)
    {
        if (!double.IsFinite(seconds) || seconds < 0)
        {
            return "?";
        }

        var span = TimeSpan.FromSeconds(Math.Min(Math.Round(seconds), TimeSpan.MaxValue.TotalSeconds / 2));
        return span switch
        {
            { TotalDays: >= 1 } => $"{(int)span.TotalDays} d {span.Hours} h",
            { TotalHours: >= 1 } => $"{(int)span.TotalHours} h {span.Minutes} m",
            { TotalMinutes: >= 1 } => $"{(int)span.TotalMinutes} m {span.Seconds} s",
            _ => $"{span.Seconds} s",
        };
    }

    /// <summary>Three decimals; "not finite" where there is none.</summary>
    public static string Loss(double? loss) => loss?.ToString("0.000", CultureInfo.InvariantCulture) ?? "not finite";

    /// <summary>12.3 %.</summary>
    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.#} %");

    /// <summary>-37 %: the change from one figure to another.</summary>
    public static string Change(double before, double after) =>
        before == 0 ? "?" : string.Create(CultureInfo.InvariantCulture, $"{(after - before) / before * 100:+0;-0;0} %");

    private static string Significant(double value, bool isWhole) =>
        value.ToString(isWhole || value >= 100 ? "0" : value >= 10 ? "0.#" : "0.##", CultureInfo.InvariantCulture);

    /// <summary>How long ago: now, 5 s ago, 3 m ago, 2 h ago, 4 d ago; what lies ahead as in 3 m.</summary>
    public static string Ago(DateTimeOffset instant, DateTimeOffset now)
    {
        var seconds = (now - instant).TotalSeconds;
        var distance = Math.Abs(seconds) switch
        {
            < 2 => null,
            < 60 => $"{Math.Abs(seconds):0} s",
            < 60 * 60 => $"{Math.Floor(Math.Abs(seconds) / 60):0} m",
            < 48 * 60 * 60 => $"{Math.Floor(Math.Abs(seconds) / 3600):0} h",
            _ => $"{Math.Floor(Math.Abs(seconds) / 86_400):0} d",
        };
        return distance is null ? "now" : seconds > 0 ? $"{distance} ago" : $"in {distance}";
    }
}
