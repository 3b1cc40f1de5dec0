using Beep.Host.Environments.Stored;

namespace Beep.Host.Environments;

/// <summary>How states and origins are written, and what a row stands for when its task has ended without saying so.</summary>
internal static class EnvironmentStates
{
    public static string Word(this EnvironmentState state) => state switch
    {
        EnvironmentState.Preparing => "preparing",
        EnvironmentState.Ready => "ready",
        EnvironmentState.Failed => "failed",
        EnvironmentState.Broken => "broken",
        EnvironmentState.Removing => "removing",
    };

    public static string Word(this EnvironmentOrigin origin) => origin switch
    {
        EnvironmentOrigin.Created => "created",
        EnvironmentOrigin.Registered => "registered",
    };

    /// <summary>The state as callers see it. One whose task was cancelled or lost on the way is what was left of it.</summary>
    /// <param name="row">The environment.</param>
    /// <param name="isBusy">Whether its task waits or runs.</param>
    public static EnvironmentState Of(EnvironmentRow row, bool isBusy) => (row.State, isBusy) switch
    {
        // The lock is stored when it is whole for the first time: before that there is nothing in the home.
        (EnvironmentState.Preparing, false) when row.TaskId is not null => row.Origin == EnvironmentOrigin.Created && row.LockSha256 is null ? EnvironmentState.Failed : EnvironmentState.Broken,
        (EnvironmentState.Removing, false) when row.TaskId is not null => EnvironmentState.Broken,
        _ => row.State,
    };

    /// <summary>Why a row is not ready whose task has ended without saying so.</summary>
    public static string? LeftOver(EnvironmentRow row, bool isBusy) => (row.State, isBusy) switch
    {
        (EnvironmentState.Preparing, false) when row.TaskId is not null => row.LockSha256 is null ? "It was stopped before it was whole." : "Its repair was stopped; repair it again.",
        (EnvironmentState.Removing, false) when row.TaskId is not null => "Its removal was stopped; remove it again.",
        _ => null,
    };
}
