using System.Buffers;
using System.Globalization;

namespace Beep.LanguageModels.Tokenization;

/// <summary>Finds added tokens in a text: the leftmost, and of those that start there the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly Node _root = new();
    private readonly SearchValues<char> _firstCharacters;

    /// <param name="tokens">Each token with the text to look for.</param>
    public AddedTokenMatcher(IEnumerable<(AddedToken Token, string Text)> tokens)
    {
        foreach (var (token, text) in tokens)
        {
            if (text.Length == 0)
            {
                continue;
            }

            var node = _root;
            foreach (var character in text)
            {
                if (!node.Next.TryGetValue(character, out var next))
                {
                    next = node.Next[character] = new Node();
                }

                node = next;
            }

            node.Token ??= token;
        }

        _firstCharacters = SearchValues.Create([.. _root.Next.Keys]);
    }

    /// <summary>Cuts the text into added tokens and what lies between; the segments cover it, without empty ones.</summary>
    public List<(Range Span, AddedToken? Token)> Split(string text)
    {
        var segments = new List<(Range, AddedToken?)>();
        var done = 0;
        for (var at = 0; at < text.Length;)
        {
            var found = text.AsSpan(at).IndexOfAny(_firstCharacters);
            if (found < 0)
            {
                break;
            }

            at += found;
            if (Longest(text, at) is not var (token, length))
            {
                at++;
                continue;
            }

            var (start, end) = (at, at + length);
            at = end;
            if (token.SingleWord && (EndsWithWord(text.AsSpan(0, start)) || StartsWithWord(text.AsSpan(end))))
            {
                continue;
            }

            if (token.StripLeft)
            {
                start = Math.Max(done, text.AsSpan(0, start).TrimEnd().Length);
            }

            if (token.StripRight)
            {
                end = text.Length - text.AsSpan(end).TrimStart().Length;
            }

            if (start > done)
            {
                segments.Add((done..start, null));
            }

            segments.Add((start..end, token));
            done = end;
            at = Math.Max(at, done);
        }

        if (done < text.Length)
        {
            segments.Add((done..text.Length, null));
        }

        return segments;
    }

    private (AddedToken Token, int Length)? Longest(string text, int start)
    {
        (AddedToken, int)? best = null;
        var node = _root;
        for (var index = start; index < text.Length && node.Next.TryGetValue(text[index], out var next); index++)
        {
            node = next;
            if (node.Token is { } token)
            {
                best = (token, index + 1 - start);
            }
        }

        return best;
    }

    private static bool StartsWithWord(ReadOnlySpan<char> text) => text.Length > 0 && IsWord(CodePoint.At(text, 0));

    private static bool EndsWithWord(ReadOnlySpan<char> text)
    {
        if (text.Length == 0)
        {
            return false;
        }

        var pair = text.Length > 1 && char.IsLowSurrogate(text[^1]) && char.IsHighSurrogate(text[^2]);
        return IsWord(CodePoint.At(text, text.Length - (pair ? 2 : 1)));
    }

    /// <summary><c>\w</c> of Unicode Technical Standard 18: letters, marks, decimal digits, connectors.</summary>
    private static bool IsWord(int point) => CharUnicodeInfo.GetUnicodeCategory(point)
        is <= UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;

    private sealed class Node
    {
        public Dictionary<char, Node> Next { get; } = [];

        public AddedToken? Token { get; set; }
    }
}
