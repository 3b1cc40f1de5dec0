using Beep.Host.Models;

namespace Beep.Host.Jobs.Planning.Server.Rules;

/// <summary>The model must be named, be there, and be whole.</summary>
internal sealed class RequireReadyModel : IJobRule
{
    private const string Field = "model";

    public IEnumerable<PlanProblem> Check(JobFacts facts)
    {
        var model = facts.Sources.Model;
        PlanProblem? problem = model.State switch
        {
            SourceState.NotNamed => PlanProblem.Error("missing", "'model' is missing.", "Name a model by its id.", Field),
            SourceState.Malformed => PlanProblem.Error("bad_model", $"'{model.Given}' is no id of a model.", "Name a model by its id, 16 hexadecimal digits.", Field),
            SourceState.NotFound => PlanProblem.Error("model_not_found", $"There is no model '{model.Given}', or it is somebody else's.", "Look it up in the list of models.", Field),
            SourceState.NotReady => NotReady(model),
            _ => null,
        };
        return problem is null ? [] : [problem];
    }

    private static PlanProblem NotReady(ModelSource source) => source switch
    {
        { Chosen: { State: ModelState.Preparing } model } => PlanProblem.Error("model_not_ready", $"The model '{model.Name}' is still being prepared.", "Wait until its task has ended.", Field),
        { Chosen: { State: ModelState.Failed } model } => PlanProblem.Error("model_not_ready", $"The model '{model.Name}' could not be prepared: {model.Error}", "Remove it and add it again.", Field),
        { Base: null, Chosen: { } adapter } => PlanProblem.Error("base_not_found", $"The base of the adapter '{adapter.Name}' is not there any more.", "Add the base model again, or take another one.", Field),
        _ => PlanProblem.Error("model_files_gone", $"The files of the model '{source.Chosen!.Name}' are not where they were.", "Add it again.", Field),
    };
}
