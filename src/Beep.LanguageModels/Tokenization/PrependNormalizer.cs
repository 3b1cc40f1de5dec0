namespace Beep.LanguageModels.Tokenization;

/// <summary>Puts a fixed text before a text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override AlignedText Apply(AlignedText text)
    {
        if (text.Text.Length == 0 || prefix.Length == 0)
        {
            return text;
        }

        var builder = new AlignedTextBuilder(text);
        builder.Replace(0, 0, prefix);
        builder.Keep(0, text.Text.Length);
        return builder.Build();
    }
}
