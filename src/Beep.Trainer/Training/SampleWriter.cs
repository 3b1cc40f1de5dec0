using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Tokenization;
using Beep.Trainer.Generation;
using Beep.Trainer.Models;

namespace Beep.Trainer.Training;

/// <summary>Lets the model answer the spec's prompts while it learns; always its likeliest words, so that rounds compare.</summary>
internal sealed class SampleWriter(CausalLanguageModel model, Tokenizer tokenizer, ChatTemplate? template, SamplesSpec spec, RunReport report)
{
    public void Write(int step)
    {
        foreach (var prompt in spec.Prompts)
        {
            var generator = new TextGenerator(model, tokenizer, template);
            var text = string.Concat(generator.Answer(prompt, system: null, SamplingOptions.Greedy with { MaxNewTokens = spec.MaxNewTokens }));
            report.Sample(step, prompt, text);
        }
    }
}
