namespace Beep.LanguageModels.Tokenization;

/// <summary>
/// The published patterns of GPT-2, Llama 3 and Qwen2 by hand: they cut a text into words that cover it, so each is a function from a
/// position to the end of the word there. Linear in the text, and code points beyond the BMP are whole.
/// </summary>
internal abstract class WordSplitter
{
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public static WordSplitter Gpt2 { get; } = new Gpt2Splitter();

    /// <summary>The splitter that does exactly what a pattern says; null when it is none of the published ones.</summary>
    public static WordSplitter? ForPattern(string pattern) => pattern switch
    {
        Gpt2Pattern => Gpt2,
        Llama3Pattern => new ChatSplitter(digits: 3),
        Qwen2Pattern => new ChatSplitter(digits: 1),
        _ => null,
    };

    /// <summary>The end of the word that starts at an index, which is inside the text; always past the index.</summary>
    public abstract int EndOfWord(ReadOnlySpan<char> text, int start);

    /// <summary>Just past the run of one class that starts at an index, of at most so many code points.</summary>
    protected static int EndOfRun(ReadOnlySpan<char> text, int start, CharacterClass wanted, int most = int.MaxValue)
    {
        var index = start;
        for (var count = 0; count < most && index < text.Length; count++)
        {
            if (CharacterClasses.At(text, index, out var length) != wanted)
            {
                break;
            }

            index += length;
        }

        return index;
    }

    /// <summary><c>\s+(?!\S)|\s+</c>: a run of blanks leaves its last one to the word after it, unless it is the only one.</summary>
    protected static int EndOfBlanks(ReadOnlySpan<char> text, int start, int end) =>
        end == text.Length || end - start == 1 ? end : end - 1;

    /// <summary>Just past <c>'s|'t|'re|'ve|'m|'ll|'d</c> at an index, or the index itself.</summary>
    protected static int EndOfContraction(ReadOnlySpan<char> text, int start, bool ignoreCase)
    {
        if (text[start] != '\'' || start + 1 >= text.Length)
        {
            return start;
        }

        var first = Fold(text[start + 1], ignoreCase);
        if (first is 's' or 't' or 'm' or 'd')
        {
            return start + 2;
        }

        var second = start + 2 < text.Length ? Fold(text[start + 2], ignoreCase) : '\0';
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? start + 3 : start;
    }

    /// <summary>Unicode case folding, as far as the contractions need it: the long s is the only other letter that folds to one of theirs.</summary>
    private static char Fold(char unit, bool ignoreCase) => !ignoreCase ? unit : unit == '\u017F' ? 's' : char.ToLowerInvariant(unit);

    private sealed class Gpt2Splitter : WordSplitter
    {
        public override int EndOfWord(ReadOnlySpan<char> text, int start)
        {
            var contraction = EndOfContraction(text, start, ignoreCase: false);
            if (contraction > start)
            {
                return contraction;
            }

            var body = text[start] == ' ' && start + 1 < text.Length ? start + 1 : start;
            var bodyClass = CharacterClasses.At(text, body, out _);
            if (bodyClass != CharacterClass.Space)
            {
                return EndOfRun(text, body, bodyClass);
            }

            return EndOfBlanks(text, start, EndOfRun(text, start, CharacterClass.Space));
        }
    }

    /// <param name="digits">How many digits one word holds at most.</param>
    private sealed class ChatSplitter(int digits) : WordSplitter
    {
        public override int EndOfWord(ReadOnlySpan<char> text, int start)
        {
            var contraction = EndOfContraction(text, start, ignoreCase: true);
            if (contraction > start)
            {
                return contraction;
            }

            var firstClass = CharacterClasses.At(text, start, out var length);
            if (firstClass == CharacterClass.Letter)
            {
                return EndOfRun(text, start, CharacterClass.Letter);
            }

            if (firstClass == CharacterClass.Number)
            {
                return EndOfRun(text, start, CharacterClass.Number, digits);
            }

            var second = start + length;
            var secondClass = second < text.Length ? CharacterClasses.At(text, second, out _) : CharacterClass.Space;
            if (secondClass == CharacterClass.Letter && text[start] is not ('\r' or '\n'))
            {
                return EndOfRun(text, second, CharacterClass.Letter);
            }

            if (firstClass == CharacterClass.Other || (text[start] == ' ' && secondClass == CharacterClass.Other))
            {
                var end = EndOfRun(text, firstClass == CharacterClass.Other ? start : second, CharacterClass.Other);
                var newlines = text[end..].IndexOfAnyExcept('\r', '\n');
                return newlines < 0 ? text.Length : end + newlines;
            }

            var run = EndOfRun(text, start, CharacterClass.Space);
            var newline = text[start..run].LastIndexOfAny('\r', '\n');
            return newline >= 0 ? start + newline + 1 : EndOfBlanks(text, start, run);
        }
    }
}
