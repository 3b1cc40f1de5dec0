using System.CommandLine;
using Beep.Contracts;
using Beep.LanguageModels.Safetensors;
using Beep.Trainer.Adapters;
using Beep.Trainer.Models;
using static TorchSharp.torch;

namespace Beep.Trainer.Cli;

/// <summary><c>beep-trainer merge</c>: adds an adapter to the weights of its base model.</summary>
internal static class MergeCommand
{
    public static Command Build()
    {
        var model = new Option<string>("--model") { Description = "The base model's folder", Required = true };
        var adapter = new Option<string>("--adapter") { Description = "The adapter's folder", Required = true };
        var output = new Option<string>("--out") { Description = "A new folder for the merged model", Required = true };
        var command = new Command("merge", "Add an adapter to its base model.") { model, adapter, output };
        command.SetAction(result => TrainerCommands.Guard(() => Run(result.GetRequiredValue(model), result.GetRequiredValue(adapter), result.GetRequiredValue(output))));
        return command;
    }

    private static WorkerExitCode Run(string modelFolder, string adapterFolder, string output)
    {
        if (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any())
        {
            throw FaultException.Invalid("output_exists", $"'{output}' exists and is not empty.", "Name a new folder.", "--out");
        }

        // In 32 bits, so that the adapter's small changes are added before the sum is rounded once.
        using var model = CausalLanguageModel.Load(modelFolder, trained: false, ScalarType.Float32, CPU);
        LoraAdapter.Load(model, adapterFolder);
        using var noGrad = no_grad();
        foreach (var layer in model.Linears.Where(layer => layer.Lora is not null))
        {
            using var scope = NewDisposeScope();
            var delta = layer.Lora!.Delta();
            if (!delta.isfinite().all().item<bool>())
            {
                throw FaultException.Invalid("not_finite", $"The adapter's weights for '{layer.Name}' are not finite.", "Train the adapter again.", adapterFolder);
            }

            layer.Weight.add_(delta);
        }

        var type = model.Config.WeightType;
        DurableFile.WriteFolder(output, temporary =>
        {
            SafetensorsWriter.Write(Path.Combine(temporary, ModelWeights.SingleFile), model.Tensors.Select(tensor => TensorFiles.ToWrite(tensor.Key, tensor.Value, type)));
            ModelFolder.CopyCompanions(modelFolder, temporary, type);
        });
        Console.WriteLine(Path.GetFullPath(output));
        return WorkerExitCode.Succeeded;
    }
}
