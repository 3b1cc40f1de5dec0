using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Beep.Host.Hosting;

namespace Beep.Host.Doctor;

/// <summary>What the machine has.</summary>
internal static class MachineChecks
{
    private const long LittleMemory = 4_000_000_000;
    private const long LittleDisk = 5_000_000_000;
    private const long NoDisk = 500_000_000;
    private static readonly string[] TrainableSystems = ["linux-x64", "win-x64", "osx-arm64"];

    public static DoctorFinding Runtime() => DoctorFinding.Ok(".NET", $"{Environment.Version} in {RuntimeInformation.ProcessArchitecture}");

    /// <summary>Native torch is published for three kinds of system.</summary>
    public static DoctorFinding OperatingSystemKind()
    {
        var text = $"{RuntimeInformation.OSDescription} ({RuntimeInformation.RuntimeIdentifier})";
        var system = (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux") + "-" + RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant();
        return TrainableSystems.Contains(system) && !RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal)
            ? DoctorFinding.Ok("System", text)
            : DoctorFinding.Fail("System", $"{text}: no native library for training exists here", $"Use one of: {string.Join(", ", TrainableSystems)}, on Linux with glibc.");
    }

    public static DoctorFinding Processor()
    {
        var sets = new[] { ("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported), ("AVX-512", Avx512F.IsSupported), ("NEON", AdvSimd.IsSupported) }
            .Where(set => set.Item2).Select(set => set.Item1).ToList();
        var text = $"{Environment.ProcessorCount} cores, {(sets.Count == 0 ? "no wide instructions" : string.Join(", ", sets))}";
        return sets.Count > 0 ? DoctorFinding.Ok("Processor", text) : DoctorFinding.Warn("Processor", text, "Training will be slow: use a processor with AVX2, or a GPU.");
    }

    public static DoctorFinding Memory(Machine machine)
    {
        var text = Units.Bytes(machine.MemoryBytes) + (machine.FreeMemoryBytes is { } free ? $", {Units.Bytes(free)} of it free" : "");
        return machine.MemoryBytes >= LittleMemory ? DoctorFinding.Ok("Memory", text) : DoctorFinding.Warn("Memory", text, "Only tiny models fit; ask beep plan before a run.");
    }

    public static DoctorFinding Disk(Machine machine, string home) => machine.FreeDisk(home) switch
    {
        null => DoctorFinding.Warn("Disk", $"unknown at '{home}'", "Check by hand that there is space for models and checkpoints."),
        < NoDisk and var free => DoctorFinding.Fail("Disk", $"{Units.Bytes(free)} free at '{home}'", "Free space, or set BEEP_PYTHON_HOME to another disk."),
        < LittleDisk and var free => DoctorFinding.Warn("Disk", $"{Units.Bytes(free)} free at '{home}'", "Models and checkpoints are large: free space, or set BEEP_PYTHON_HOME to another disk."),
        { } free => DoctorFinding.Ok("Disk", $"{Units.Bytes(free)} free at '{home}'"),
    };

    public static DoctorFinding Home(string home) => WritableFolder.Probe(home) is { } reason
        ? DoctorFinding.Fail("Home", $"'{home}' cannot be written: {reason}", "Correct its permissions, or set BEEP_PYTHON_HOME to a folder of your own.")
        : DoctorFinding.Ok("Home", $"'{home}' can be written{(Directory.Exists(home) ? "" : " (it does not exist yet)")}");
}
