namespace Beep.LanguageModels.Tokenization;

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
