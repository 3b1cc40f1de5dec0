using System.Text;

namespace Beep.LanguageModels.Tokenization;

/// <summary>Normalization by Unicode Standard Annex 15: decompose, put marks in canonical order, and for C and KC compose again.</summary>
internal sealed class UnicodeNormalizer(UnicodeForm form) : Normalizer
{
    /// <summary>Below these nothing changes by itself: the first combining mark for C, the first non-ASCII character otherwise.</summary>
    private readonly int _firstUnstable = form is UnicodeForm.C ? 0x300 : 0x80;

    public override AlignedText Apply(AlignedText text)
    {
        var source = text.Text;
        var start = FindUnstable(source);
        if (start < 0)
        {
            return text;
        }

        var builder = new AlignedTextBuilder(text);
        var points = new List<int>();
        var buffer = new StringBuilder();
        var index = 0;
        while (index < source.Length)
        {
            var end = EndOfBlock(source, index, out var stable);
            if (stable)
            {
                builder.Keep(index, end);
            }
            else
            {
                points.Clear();
                for (var at = index; at < end; at += CodePoint.Length(source, at))
                {
                    UnicodeData.Instance.Decompose(CodePoint.At(source, at), form, points);
                }

                Reorder(points);
                if (form is UnicodeForm.C or UnicodeForm.KC)
                {
                    Compose(points);
                }

                buffer.Clear();
                points.ForEach(point => CodePoint.Append(buffer, point));
                var normalized = buffer.ToString();
                if (source.AsSpan(index, end - index).SequenceEqual(normalized))
                {
                    builder.Keep(index, end);
                }
                else
                {
                    builder.Replace(index, end, normalized);
                }
            }

            index = end;
        }

        return builder.Build();
    }

    private int FindUnstable(string text)
    {
        for (var index = 0; index < text.Length; index += CodePoint.Length(text, index))
        {
            if (text[index] >= _firstUnstable && !UnicodeData.Instance.IsStable(CodePoint.At(text, index), form))
            {
                return index;
            }
        }

        return -1;
    }

    /// <summary>A block is normalized on its own: it reaches to the next code point that nothing before it can touch.</summary>
    private int EndOfBlock(string text, int start, out bool stable)
    {
        var data = UnicodeData.Instance;
        stable = text[start] < 0x80 || data.IsStable(CodePoint.At(text, start), form);
        var index = start + CodePoint.Length(text, start);
        while (index < text.Length && text[index] >= _firstUnstable && !data.IsBoundary(CodePoint.At(text, index), form))
        {
            stable = false;
            index += CodePoint.Length(text, index);
        }

        return index;
    }

    private static void Reorder(List<int> points)
    {
        var data = UnicodeData.Instance;
        for (var start = 0; start < points.Count;)
        {
            var end = start;
            while (end < points.Count && data.CombiningClass(points[end]) != 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                var sorted = points.GetRange(start, end - start).OrderBy(data.CombiningClass).ToList();
                sorted.ForEach(point => points[start++] = point);
            }

            start = Math.Max(start + 1, end);
        }
    }

    private static void Compose(List<int> points)
    {
        var data = UnicodeData.Instance;
        var (starter, kept, lastClass) = (-1, 0, -1);
        foreach (var point in points.ToArray())
        {
            var combining = data.CombiningClass(point);
            var composed = starter >= 0 && lastClass < combining ? data.Compose(points[starter], point) : -1;
            if (composed >= 0)
            {
                points[starter] = composed;
                continue;
            }

            if (combining == 0)
            {
                starter = kept;
                lastClass = -1;
            }
            else
            {
                lastClass = combining;
            }

            points[kept++] = point;
        }

        points.RemoveRange(kept, points.Count - kept);
    }
}
