namespace Beep.LanguageModels.Tokenization;

/// <summary>What the published pre-tokenizer patterns tell apart: every code point is in exactly one class.</summary>
internal enum CharacterClass : byte
{
    Other = 0,
    Letter = 1,
    Number = 2,
    Space = 3,
}
