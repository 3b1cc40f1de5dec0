namespace Beep.LanguageModels.Tokenization;

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
