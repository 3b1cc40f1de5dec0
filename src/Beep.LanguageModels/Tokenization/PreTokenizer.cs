namespace Beep.LanguageModels.Tokenization;

/// <summary>A step that cuts text into words, across whose borders nothing merges.</summary>
internal abstract class PreTokenizer
{
    public abstract void Apply(PreTokenizedText text);
}

/// <summary>Steps one after the other.</summary>
internal sealed class SequencePreTokenizer(IReadOnlyList<PreTokenizer> steps) : PreTokenizer
{
    public override void Apply(PreTokenizedText text)
    {
        foreach (var step in steps)
        {
            step.Apply(text);
        }
    }
}

/// <summary>Cuts by one of the published patterns.</summary>
internal sealed class WordPreTokenizer(WordSplitter splitter) : PreTokenizer
{
    public override void Apply(PreTokenizedText text) => text.Cut((word, pieces) =>
    {
        for (var start = 0; start < word.Length;)
        {
            var end = splitter.EndOfWord(word, start);
            pieces.Add(start..end);
            start = end;
        }
    });
}

/// <summary>The <c>ByteLevel</c> step; that words are bytes from here on is the encoder's business.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : PreTokenizer
{
    private readonly WordPreTokenizer? _words = useRegex ? new WordPreTokenizer(WordSplitter.Gpt2) : null;

    public override void Apply(PreTokenizedText text)
    {
        if (addPrefixSpace)
        {
            text.PrefixSpaces();
        }

        _words?.Apply(text);
    }
}

/// <summary>Cuts numbers (<c>\p{N}</c>) from what surrounds them, digit by digit or run by run.</summary>
internal sealed class DigitsPreTokenizer(bool individualDigits) : PreTokenizer
{
    public override void Apply(PreTokenizedText text) => text.Cut((word, pieces) =>
    {
        var start = 0;
        var inNumber = false;
        for (var index = 0; index < word.Length;)
        {
            var isNumber = CharacterClasses.At(word, index, out var length) == CharacterClass.Number;
            if (isNumber != inNumber || (isNumber && individualDigits))
            {
                pieces.Add(start..index);
                start = index;
            }

            inNumber = isNumber;
            index += length;
        }

        pieces.Add(start..word.Length);
    });
}
