using System.Buffers;
using System.Text;

namespace Beep.LanguageModels.Tokenization;

/// <summary>Finds which characters the tokens of a word cover, from how many bytes each token stands for.</summary>
internal static class TokenOffsets
{
    /// <summary>Adds a span for each token of a word, those from <paramref name="first"/> on.</summary>
    public static void Add(BytePairModel model, TokenBytes tokenBytes, AlignedText text, Range word, TokenCollector tokens, int first)
    {
        var start = word.Start.Value;
        var characters = text.Text.AsSpan(word);
        var rented = ArrayPool<int>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(characters.Length));
        try
        {
            var origins = rented.AsSpan(0, FindOrigins(characters, model, rented));
            var done = 0;
            var ids = tokens.IdsFrom(first).ToArray();
            foreach (var id in ids)
            {
                var unknown = id == model.UnknownId;
                var length = Math.Clamp(unknown ? 1 : tokenBytes.Of(id).Length, 1, origins.Length - done);
                var from = start + origins[done];
                var lastUnit = start + origins[done + length - 1];
                lastUnit += CodePoint.Length(text.Text, lastUnit) - 1;
                tokens.AddSpan(text.OriginalStart(from), text.OriginalEnd(lastUnit));
                done = Math.Min(done + length, origins.Length - 1);
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    /// <summary>For each byte that got a symbol, the index of the character it belongs to.</summary>
    private static int FindOrigins(ReadOnlySpan<char> characters, BytePairModel model, Span<int> origins)
    {
        Span<byte> bytes = stackalloc byte[4];
        var count = 0;
        var afterUnknown = false;
        for (var index = 0; index < characters.Length; index += CodePoint.Length(characters, index))
        {
            var length = Encoding.UTF8.GetBytes(characters.Slice(index, CodePoint.Length(characters, index)), bytes);
            foreach (var value in bytes[..length])
            {
                var known = model.Knows(value);
                if (known || (model.UnknownId is not null && !(afterUnknown && model.FuseUnknown)))
                {
                    origins[count++] = index;
                }

                afterUnknown = !known;
            }
        }

        return count;
    }
}
