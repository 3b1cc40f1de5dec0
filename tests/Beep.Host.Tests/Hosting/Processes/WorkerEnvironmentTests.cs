using System.Collections;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Tests.Hosting.Processes;

public sealed class WorkerEnvironmentTests
{
    [Fact]
    public void Fill_HostEnvironment_PassesOnWhatAWorkerNeedsAndNoSecret()
    {
        var source = new Hashtable
        {
            ["PATH"] = "/bin",
            ["HOME"] = "/home/ada",
            ["LANG"] = "C.UTF-8",
            ["OMP_NUM_THREADS"] = "2",
            ["LD_LIBRARY_PATH"] = "/opt/lib",
            ["BEEP_PYTHON_HOME"] = "/data",
            ["BEEP_API_TOKEN"] = "secret",
            ["DOTNET_gcServer"] = "0",
            ["DOTNET_STARTUP_HOOKS"] = "/tmp/evil.dll",
            ["HF_TOKEN"] = "secret",
            ["SECRET_KEY"] = "secret",
            ["DATABASE_URL"] = "secret",
            ["LD_PRELOAD"] = "/tmp/evil.so",
        };
        var target = new Dictionary<string, string?> { ["LEFT_OVER"] = "x" };
        WorkerEnvironment.Fill(target, source);
        Assert.Equal(
            ["BEEP_PYTHON_HOME", "DOTNET_NOLOGO", "DOTNET_ROOT", "DOTNET_gcServer", "HOME", "LANG", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "PATH"],
            target.Keys.Order(StringComparer.Ordinal));
    }
}
