using Beep.Contracts;

namespace Beep.Host.Cli.Training;

/// <summary>Shows a run while it runs.</summary>
internal interface ITrainingView
{
    /// <summary>Takes in what the worker said.</summary>
    void Show(JobEvent jobEvent);

    /// <summary>Tells something of the host's own; safe from any thread.</summary>
    void Note(string text);

    /// <summary>Leaves the terminal as it was.</summary>
    void Close();
}
