using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Jobs;

namespace Beep.Host.Doctor;

/// <summary>Whether the worker is there and its native library loads, asked of the worker itself.</summary>
internal static class TrainerCheck
{
    private const string Name = "Trainer";

    /// <summary>The findings, and whether torch sees a GPU; null where it could not be asked.</summary>
    public static async Task<(IReadOnlyList<DoctorFinding> Findings, bool? SeesGpu)> RunAsync(Func<TrainerProgram> locate, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await WorkerCall.CaptureAsync(locate(), ["info", "--json"], cancellationToken).ConfigureAwait(false);
            if (answer.ExitCode == 0 && JsonNode.Parse(answer.Output) is JsonObject info)
            {
                return Describe(info);
            }

            var faults = WorkerFaults.Read(answer, "info");
            return ([.. faults.Select(fault => DoctorFinding.Fail(Name, fault.Message, fault.Remedy.Length > 0 ? fault.Remedy : "Reinstall the product."))], null);
        }
        catch (FaultException error)
        {
            return ([.. error.Faults.Select(fault => DoctorFinding.Fail(Name, fault.Message, fault.Remedy))], null);
        }
        catch (JsonException error)
        {
            return ([DoctorFinding.Fail(Name, $"its answer cannot be read: {error.Message}", "Build or unpack the product again, whole.")], null);
        }
    }

    private static (IReadOnlyList<DoctorFinding> Findings, bool? SeesGpu) Describe(JsonObject info)
    {
        var devices = info["devices"]?.AsArray().Select(device => (string?)device ?? "").ToList() ?? [];
        var works = (bool?)info["loaded"] is true;
        var text = $"torch {info["torch"]} on {string.Join(", ", devices)}, {info["threads"]} threads";
        var findings = new List<DoctorFinding>
        {
            works ? DoctorFinding.Ok(Name, text) : DoctorFinding.Fail(Name, $"{text}, but a product of two matrices came out wrong", "Build or unpack the product again, whole."),
        };
        if ((bool?)info["older_linux_copy"] is true)
        {
            findings.Add(DoctorFinding.Ok("Library", "this system's C++ runtime is older than torch wants; an adapted copy of the library is in use"));
        }

        return (findings, devices.Exists(device => device.StartsWith("cuda", StringComparison.Ordinal)));
    }
}
