using Beep.Contracts;

namespace Beep.Host.Quickstart;

/// <summary>What the base and the tuned model answer to the same prompt.</summary>
internal sealed record AnswerPair(string Prompt, string Base, string Tuned)
{
    /// <summary>The samples of a run before its first step and after its last, in the order of the prompts.</summary>
    public static IReadOnlyList<AnswerPair> Read(JobFolder folder)
    {
        var samples = EventReader.ReadFrom(folder.Events).Select(line => line.Event).OfType<SampleEvent>().ToList();
        return [.. samples.Where(sample => sample.Step == 0)
            .DistinctBy(sample => sample.Prompt)
            .Select(first => new AnswerPair(first.Prompt, first.Text, samples.FindLast(sample => sample.Prompt == first.Prompt)!.Text))];
    }
}
