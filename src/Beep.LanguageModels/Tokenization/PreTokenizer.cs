namespace Beep.LanguageModels.Tokenization;

/// <summary>A step that cuts text into words, across whose borders nothing merges.</summary>
internal abstract class PreTokenizer
{
    public abstract void Apply(PreTokenizedText text);
}
