namespace Beep.LanguageModels.Tokenization;

/// <summary>A step that rewrites text before it is cut into words.</summary>
internal abstract class Normalizer
{
    public abstract AlignedText Apply(AlignedText text);
}
