using System.Runtime.CompilerServices;
using Beep.Trainer.Native;

namespace Beep.Trainer.Tests;

internal static class TorchStart
{
    [ModuleInitializer]
    internal static void Start()
    {
        ThreadWaiting.Shorten();
        OlderLinuxLibrary.Enable();
    }
}
