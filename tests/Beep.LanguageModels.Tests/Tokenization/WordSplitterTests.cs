using System.Text;
using System.Text.RegularExpressions;
using Beep.LanguageModels.Tokenization;

namespace Beep.LanguageModels.Tests.Tokenization;

public sealed class WordSplitterTests
{
    private const string Alphabet = "abzAZ's'tlLdDrevEVm  \t\n\r\u00a0\u2028\u3000\u200b0129½²Ⅷ٣.,!?-_()\"éßñжЖ漢字かㅎ한عſ\u0301\u0903€😀";

    [Theory]
    [InlineData(WordSplitter.Gpt2Pattern)]
    [InlineData(WordSplitter.Llama3Pattern)]
    [InlineData(WordSplitter.Qwen2Pattern)]
    public void EndOfWord_RandomBmpText_AgreesWithThePattern(string pattern)
    {
        var splitter = WordSplitter.ForPattern(pattern)!;
        var expression = new Regex(pattern, RegexOptions.CultureInvariant);
        var random = new Random(11);
        for (var round = 0; round < 20_000; round++)
        {
            var text = RandomText(random, Alphabet.Replace("ſ", "", StringComparison.Ordinal).Replace("😀", "", StringComparison.Ordinal));

            Assert.Equal(expression.Matches(text).Select(static match => match.Value), Split(splitter, text));
        }
    }

    [Theory]
    [InlineData(WordSplitter.Gpt2Pattern)]
    [InlineData(WordSplitter.Llama3Pattern)]
    [InlineData(WordSplitter.Qwen2Pattern)]
    public void EndOfWord_AstralText_AgreesWithItsBmpLikeness(string pattern)
    {
        var splitter = WordSplitter.ForPattern(pattern)!;
        var random = new Random(12);
        var likeness = new (string Bmp, string Astral)[] { ("漢", "\U00020000"), ("½", "\U0001F100"), ("€", "\U0001F600"), ("ж", "\U00010428") };
        for (var round = 0; round < 5_000; round++)
        {
            var text = RandomText(random, "a1 .\n漢½€ж");
            var astral = likeness.Aggregate(text, static (current, pair) => current.Replace(pair.Bmp, pair.Astral, StringComparison.Ordinal));
            var expected = Split(splitter, text).Select(word => likeness.Aggregate(word, static (current, pair) => current.Replace(pair.Bmp, pair.Astral, StringComparison.Ordinal)));

            Assert.Equal(expected, Split(splitter, astral));
        }
    }

    [Theory]
    [InlineData(WordSplitter.Llama3Pattern, "'ſ", "'ſ")]
    [InlineData(WordSplitter.Llama3Pattern, "'S 'LL", "'S| '|LL")]
    [InlineData(WordSplitter.Gpt2Pattern, "'S", "'|S")]
    [InlineData(WordSplitter.Llama3Pattern, "12345", "123|45")]
    [InlineData(WordSplitter.Qwen2Pattern, "123", "1|2|3")]
    [InlineData(WordSplitter.Gpt2Pattern, "x  12345", "x| | 12345")]
    public void EndOfWord_KnownText_CutsAsPublished(string pattern, string text, string expected) =>
        Assert.Equal(expected, string.Join('|', Split(WordSplitter.ForPattern(pattern)!, text)));

    [Fact]
    public void ExpressionPattern_AstralText_MatchesWholeCodePoints()
    {
        var matches = new List<Range>();

        new ExpressionPattern(@"\p{L}+|\p{S}", "test").Find("a\U00020000b \U0001F600\U0001F600", matches);

        Assert.Equal([0..4, 5..7, 7..9], matches);
    }

    [Fact]
    public void ExpressionPattern_CatastrophicPattern_IsStopped()
    {
        var pattern = new ExpressionPattern("(a+)+$", "test", TimeSpan.FromMilliseconds(100));

        var fault = Assert.Throws<Beep.Contracts.FaultException>(() => pattern.Find(new string('a', 40) + "!", []));

        Assert.Equal("tokenizer_pattern_too_slow", fault.Faults[0].Code);
    }

    [Theory]
    [InlineData(nameof(SplitBehavior.Removed), false, "a|b")]
    [InlineData(nameof(SplitBehavior.Isolated), false, "a|-|-|b|-")]
    [InlineData(nameof(SplitBehavior.MergedWithPrevious), false, "a-|-|b-")]
    [InlineData(nameof(SplitBehavior.MergedWithNext), false, "a|-|-b|-")]
    [InlineData(nameof(SplitBehavior.Contiguous), false, "a|--|b|-")]
    [InlineData(nameof(SplitBehavior.Removed), true, "-|-|-")]
    [InlineData(nameof(SplitBehavior.MergedWithPrevious), true, "a|-|-b|-")]
    public void Split_EachBehaviour_ArrangesMatchesLikeTheLibrary(string behavior, bool invert, string expected)
    {
        var text = new PreTokenizedText(new AlignedText("a--b-"));

        new SplitPreTokenizer(new LiteralPattern("-"), Enum.Parse<SplitBehavior>(behavior), invert).Apply(text);

        Assert.Equal(expected, string.Join('|', text.Words.Select(word => text.Text.Text[word])));
    }

    [Theory]
    [InlineData(true, "a|1|2|b|½")]
    [InlineData(false, "a|12|b|½")]
    public void Digits_Numbers_AreCutOut(bool individual, string expected)
    {
        var text = new PreTokenizedText(new AlignedText("a12b½"));

        new DigitsPreTokenizer(individual).Apply(text);

        Assert.Equal(expected, string.Join('|', text.Words.Select(word => text.Text.Text[word])));
    }

    private static string RandomText(Random random, string alphabet)
    {
        var text = new StringBuilder();
        for (var count = random.Next(1, 25); count > 0; count--)
        {
            text.Append(alphabet[random.Next(alphabet.Length)]);
        }

        return text.ToString();
    }

    private static IEnumerable<string> Split(WordSplitter splitter, string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = splitter.EndOfWord(text, start);
            yield return text[start..end];
            start = end;
        }
    }
}
