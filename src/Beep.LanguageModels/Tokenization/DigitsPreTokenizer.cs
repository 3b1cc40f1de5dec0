namespace Beep.LanguageModels.Tokenization;

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
