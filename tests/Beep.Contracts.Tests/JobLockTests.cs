using Beep.Tests;

namespace Beep.Contracts.Tests;

public sealed class JobLockTests
{
    [Fact]
    public void TryTake_Held_IsRefusedUntilItIsLetGo()
    {
        using var temporary = new TemporaryFolder();
        var folder = new JobFolder(temporary.Path);
        var first = JobLock.TryTake(folder);

        Assert.NotNull(first);
        Assert.Null(JobLock.TryTake(folder));
        first.Dispose();
        using var second = JobLock.TryTake(folder);
        Assert.NotNull(second);
    }
}
