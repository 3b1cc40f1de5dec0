namespace Beep.LanguageModels.Tokenization;

/// <summary>Steps one after the other.</summary>
internal sealed class SequenceNormalizer(IReadOnlyList<Normalizer> steps) : Normalizer
{
    public override AlignedText Apply(AlignedText text) => steps.Aggregate(text, static (current, step) => step.Apply(current));
}
