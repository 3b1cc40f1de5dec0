namespace Beep.LanguageModels.Chat;

/// <summary>A conversation as a model is trained on it.</summary>
/// <param name="Ids">The tokens of the rendered text.</param>
/// <param name="Labels">Of the same length, not shifted: the token where it is learnt, -100 elsewhere.</param>
internal sealed record EncodedConversation(int[] Ids, int[] Labels);
