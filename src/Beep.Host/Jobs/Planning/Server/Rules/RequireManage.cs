using Beep.Host.Hosting.Access;

namespace Beep.Host.Jobs.Planning.Server.Rules;

/// <summary>Who may look may not start.</summary>
internal sealed class RequireManage : IJobRule
{
    public IEnumerable<PlanProblem> Check(JobFacts facts) => facts.MayManage
        ? []
        : [PlanProblem.Error("no_permission", $"Starting a job needs the permission {Permissions.FinetuneManage}.", "Ask who administers the server for a role that holds it.", "permission")];
}
