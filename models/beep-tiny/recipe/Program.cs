using Beep.Recipe;

switch (args)
{
    case ["corpus", var wordNet, var things, var train, var validation]:
        new Corpus(new Lexicon(new WordNetDatabase(wordNet)), Thing.Read(things)).Write(train, validation);
        return 0;
    case ["dataset", var things, var train, var validation]:
        InstructionSet.Write(Thing.Read(things), train, validation);
        return 0;
    case ["tokenizer", var corpus, var tokenizer]:
        TokenizerFile.Train(corpus, tokenizer);
        return 0;
    default:
        Console.Error.WriteLine(
            """
            recipe corpus WORDNET THINGS TRAIN VALIDATION   writes the pretraining text
            recipe dataset THINGS TRAIN VALIDATION          writes the instruction set
            recipe tokenizer TRAIN TOKENIZER                trains tokenizer.json on it
            """);
        return 20;
}
