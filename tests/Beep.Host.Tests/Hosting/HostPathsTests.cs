using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Tests.Hosting;

public sealed class HostPathsTests
{
    [Fact]
    public void FromEnvironment_ChosenHome_Wins() =>
        Assert.Equal(Path.GetFullPath("chosen"), HostPaths.FromEnvironment(name => name == "BEEP_PYTHON_HOME" ? "chosen" : "other").Home);

    [Fact]
    public void FromEnvironment_NothingChosen_TakesTheSystemsFolder()
    {
        var expected = OperatingSystem.IsWindows() ? Path.Combine("base", "BeepPython") : Path.Combine("base", ".local", "share", "beep-python");
        Assert.Equal(expected, HostPaths.FromEnvironment(name => name == "BEEP_PYTHON_HOME" ? "" : "base").Home);
    }

    [Fact]
    public void FromEnvironment_NoHomeAtAll_SaysWhatToSet()
    {
        var needed = OperatingSystem.IsWindows() ? "LOCALAPPDATA" : "HOME";
        var error = Assert.Throws<FaultException>(() => HostPaths.FromEnvironment(_ => null));
        Assert.Equal($"BEEP_PYTHON_HOME: Neither BEEP_PYTHON_HOME nor {needed} is set, so there is nowhere to keep data. Set BEEP_PYTHON_HOME to a folder. [no_home]", error.Message);
    }
}
