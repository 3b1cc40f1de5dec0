using System.Runtime.InteropServices;
using Beep.Contracts;
using Beep.Trainer.Training;

namespace Beep.Trainer.Tests.Training;

public sealed class FaultTranslationTests
{
    public static TheoryData<Exception, WorkerExitCode, string> Errors => new()
    {
        { new OutOfMemoryException(), WorkerExitCode.OutOfMemory, "out_of_memory" },
        { new ExternalException("CUDA out of memory. Tried to allocate 2.00 GiB."), WorkerExitCode.OutOfMemory, "out_of_memory" },
        { new ExternalException("std::bad_alloc"), WorkerExitCode.OutOfMemory, "out_of_memory" },
        { new IOException("Cannot allocate memory : '/models/base/model.safetensors'", 12), WorkerExitCode.OutOfMemory, "out_of_memory" },
        { new IOException("No space left on device", 28), WorkerExitCode.Failed, "disk_full" },
        { new IOException("Disk quota exceeded", OperatingSystem.IsMacOS() ? 69 : 122), WorkerExitCode.Failed, "disk_full" },
        { new IOException("There is not enough space on the disk.", unchecked((int)0x80070070)), WorkerExitCode.Failed, "disk_full" },
        { new IOException("Read-only file system", 30), WorkerExitCode.Failed, "not_writable" },
        { new DllNotFoundException("libtorch"), WorkerExitCode.Failed, "torch_not_loaded" },
        { new InvalidOperationException("surprise"), WorkerExitCode.Failed, "internal_error" },
    };

    [Theory]
    [MemberData(nameof(Errors), DisableDiscoveryEnumeration = true)]
    public void Translate_Error_HasItsExitCodeAndCode(Exception error, WorkerExitCode exitCode, string code)
    {
        var fault = FaultTranslation.Translate(error);

        Assert.Equal((exitCode, code), (fault.ExitCode, fault.Faults.Single().Code));
        Assert.NotEmpty(fault.Faults.Single().Remedy);
    }
}
