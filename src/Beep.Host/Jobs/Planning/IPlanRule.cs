namespace Beep.Host.Jobs.Planning;

/// <summary>Looks for one kind of problem.</summary>
internal interface IPlanRule
{
    /// <summary>Whether it reads the rows, which may take long; such rules are left to the worker when a run starts.</summary>
    bool ReadsRows => false;

    /// <summary>What it finds; nothing where what it needs is missing, since another rule reports that.</summary>
    IEnumerable<PlanProblem> Check(PlanContext context);
}
