using System.Globalization;

namespace Beep.LanguageModels.Tokenization;

/// <summary>
/// Combining classes, decompositions and compositions of the Unicode Character Database. Carried along because normalization of
/// .NET does nothing under invariant globalization, and elsewhere depends on the machine's ICU.
/// </summary>
internal sealed class UnicodeData
{
    private const int HangulFirst = 0xAC00;
    private const int HangulCount = 11172;
    private const int LeadFirst = 0x1100;
    private const int VowelFirst = 0x1161;
    private const int TrailFirst = 0x11A7;
    private const int VowelCount = 21;
    private const int TrailCount = 28;
    private const int LeadCount = 19;

    private readonly Dictionary<int, Entry> _entries = [];
    private readonly Dictionary<(int, int), int> _compositions = [];
    private readonly HashSet<int> _seconds = [];

    private UnicodeData()
    {
        using var stream = typeof(UnicodeData).Assembly.GetManifestResourceStream("normalization.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            var fields = line.Split(';');
            var parts = fields[3].Length == 0 ? [] : Array.ConvertAll(fields[3].Split(' '), ParseHex);
            var point = ParseHex(fields[0]);
            _entries[point] = new Entry(int.Parse(fields[1], CultureInfo.InvariantCulture), fields[2] is "K", fields[2] is "C", parts);
            if (fields[2] is "C")
            {
                _compositions[(parts[0], parts[1])] = point;
                _seconds.Add(parts[1]);
            }
        }
    }

    public static UnicodeData Instance { get; } = new();

    public int CombiningClass(int point) => _entries.TryGetValue(point, out var entry) ? entry.CombiningClass : 0;

    /// <summary>Whether nothing before a code point can change what it becomes, nor it what stands before it.</summary>
    public bool IsBoundary(int point, UnicodeForm form)
    {
        if (form is UnicodeForm.C or UnicodeForm.KC)
        {
            return IsStable(point, form);
        }

        while (_entries.TryGetValue(point, out var entry) && entry.DecomposesIn(form))
        {
            point = entry.Parts[0];
        }

        return CombiningClass(point) == 0;
    }

    /// <summary>Whether a code point stays as it is in every text (quick check "yes" and combining class 0).</summary>
    public bool IsStable(int point, UnicodeForm form)
    {
        var composing = form is UnicodeForm.C or UnicodeForm.KC;
        if (IsHangulSyllable(point))
        {
            return composing;
        }

        if (composing && (_seconds.Contains(point) || IsVowelOrTrail(point)))
        {
            return false;
        }

        return !_entries.TryGetValue(point, out var entry)
            || (entry.CombiningClass == 0 && (!entry.DecomposesIn(form) || (composing && Recomposes(entry, form))));
    }

    /// <summary>Adds the full decomposition of a code point.</summary>
    public void Decompose(int point, UnicodeForm form, List<int> output)
    {
        if (IsHangulSyllable(point))
        {
            var index = point - HangulFirst;
            output.Add(LeadFirst + (index / (VowelCount * TrailCount)));
            output.Add(VowelFirst + (index % (VowelCount * TrailCount) / TrailCount));
            if (index % TrailCount != 0)
            {
                output.Add(TrailFirst + (index % TrailCount));
            }
        }
        else if (_entries.TryGetValue(point, out var entry) && entry.DecomposesIn(form))
        {
            foreach (var part in entry.Parts)
            {
                Decompose(part, form, output);
            }
        }
        else
        {
            output.Add(point);
        }
    }

    /// <summary>The code point that two compose to, or -1.</summary>
    public int Compose(int first, int second)
    {
        if (first is >= LeadFirst and < LeadFirst + LeadCount && second is >= VowelFirst and < VowelFirst + VowelCount)
        {
            return HangulFirst + ((((first - LeadFirst) * VowelCount) + second - VowelFirst) * TrailCount);
        }

        if (IsHangulSyllable(first) && (first - HangulFirst) % TrailCount == 0 && second is > TrailFirst and < TrailFirst + TrailCount)
        {
            return first + second - TrailFirst;
        }

        return _compositions.GetValueOrDefault((first, second), -1);
    }

    private static bool IsHangulSyllable(int point) => point is >= HangulFirst and < HangulFirst + HangulCount;

    private static bool IsVowelOrTrail(int point) =>
        point is (>= VowelFirst and < VowelFirst + VowelCount) or (> TrailFirst and < TrailFirst + TrailCount);

    private static int ParseHex(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private bool Recomposes(Entry entry, UnicodeForm form) =>
        entry.Composes
        && (form is UnicodeForm.C || !_entries.TryGetValue(entry.Parts[0], out var first) || !first.DecomposesIn(form) || Recomposes(first, form));

    private sealed record Entry(int CombiningClass, bool Compatibility, bool Composes, int[] Parts)
    {
        public bool DecomposesIn(UnicodeForm form) => Parts.Length > 0 && (!Compatibility || form is UnicodeForm.KC or UnicodeForm.KD);
    }
}
