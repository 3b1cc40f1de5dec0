using System.CommandLine;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Trainer.Native;
using TorchSharp;

namespace Beep.Trainer.Cli;

/// <summary><c>beep-trainer info</c>: what torch is here and on what it computes; one JSON object.</summary>
internal static class InfoCommand
{
    public static Command Build()
    {
        var json = new Option<bool>("--json") { Description = "One JSON object (always so; kept for scripts)" };
        var command = new Command("info", "Tell the torch version and its devices.") { json };
        command.SetAction(_ => TrainerCommands.Guard(Run));
        return command;
    }

    private static WorkerExitCode Run()
    {
        using var probe = torch.ones(2, 2);
        using var product = probe.matmul(probe);
        var devices = new JsonArray("cpu");
        for (var i = 0; i < (torch.cuda.is_available() ? torch.cuda.device_count() : 0); i++)
        {
            devices.Add($"cuda:{i}");
        }

        Console.WriteLine(new JsonObject
        {
            ["torch"] = torch.__version__,
            ["loaded"] = product.sum().item<float>() == 8,
            ["threads"] = torch.get_num_threads(),
            ["devices"] = devices,
            ["older_linux_copy"] = OlderLinuxLibrary.IsInUse,
        }.ToJsonString());
        return WorkerExitCode.Succeeded;
    }
}
