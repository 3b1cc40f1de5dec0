using System.Globalization;
using System.Text.RegularExpressions;
using Beep.Contracts;

namespace Beep.LanguageModels.Tokenization;

/// <summary>
/// Finds an expression with .NET's engine, whose characters are UTF-16 units where Oniguruma's are code points. A text with
/// code points beyond the BMP is therefore searched through a shadow, in which each is one BMP character of the same general category.
/// </summary>
internal sealed class ExpressionPattern : TextPattern
{
    /// <summary>Far beyond what an honest pattern takes; a hostile one must not hang the program.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static readonly char[] Representatives = FindRepresentatives();

    private readonly Regex _expression;

    /// <param name="expression">The pattern.</param>
    /// <param name="where">Where it stands, for faults.</param>
    /// <param name="limit">How long one search may take; null for the usual limit.</param>
    public ExpressionPattern(string expression, string where, TimeSpan? limit = null)
    {
        try
        {
            _expression = new Regex(expression, RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.Compiled, limit ?? Limit);
        }
        catch (ArgumentException fault)
        {
            throw FaultException.Invalid(
                "tokenizer_pattern_unsupported",
                $"The pattern \"{expression}\" cannot be read: {fault.Message}",
                "Patterns of the llama and qwen2 families work; take a model whose tokenizer.json has one of those.",
                where,
                fault);
        }
    }

    public override void Find(ReadOnlySpan<char> text, List<Range> matches)
    {
        try
        {
            if (text.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0)
            {
                FindThroughShadow(text, matches);
                return;
            }

            foreach (var match in _expression.EnumerateMatches(text))
            {
                matches.Add(match.Index..(match.Index + match.Length));
            }
        }
        catch (RegexMatchTimeoutException fault)
        {
            throw FaultException.Invalid(
                "tokenizer_pattern_too_slow",
                $"The pattern \"{_expression}\" took more than {_expression.MatchTimeout.TotalSeconds} seconds on a text of {text.Length} characters.",
                "Take a model whose tokenizer.json has a simpler pattern.",
                cause: fault);
        }
    }

    private void FindThroughShadow(ReadOnlySpan<char> text, List<Range> matches)
    {
        var shadow = new char[text.Length];
        var positions = new int[text.Length + 1];
        var count = 0;
        for (var index = 0; index < text.Length; index += CodePoint.Length(text, index))
        {
            positions[count] = index;
            shadow[count++] = char.IsSurrogate(text[index])
                ? Representatives[(int)CharUnicodeInfo.GetUnicodeCategory(CodePoint.At(text, index))]
                : text[index];
        }

        positions[count] = text.Length;
        foreach (var match in _expression.EnumerateMatches(shadow.AsSpan(0, count)))
        {
            matches.Add(positions[match.Index]..positions[match.Index + match.Length]);
        }
    }

    /// <summary>For each general category its last BMP character, which no pattern is likely to name; lone surrogates read as U+FFFD.</summary>
    private static char[] FindRepresentatives()
    {
        var result = new char[(int)UnicodeCategory.OtherNotAssigned + 1];
        Array.Fill(result, '\uFFFD');
        for (var point = 0x100; point < 0xFFFD; point++)
        {
            var category = CharUnicodeInfo.GetUnicodeCategory((char)point);
            if (category != UnicodeCategory.Surrogate)
            {
                result[(int)category] = (char)point;
            }
        }

        return result;
    }
}
