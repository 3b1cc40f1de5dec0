using Beep.Tests;

namespace Beep.Contracts.Tests;

public sealed class DurableFileTests
{
    [Fact]
    public void Write_ThatFails_KeepsTheOldContentAndLeavesNoPart()
    {
        using var temporary = new TemporaryFolder();
        var path = temporary.Write("file.json", "old");

        Assert.Throws<IOException>(() => DurableFile.Write(path, stream =>
        {
            stream.WriteByte(1);
            throw new IOException("disk full");
        }));

        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void WriteFolder_ThatFails_KeepsTheOldFolderAndLeavesNoPart()
    {
        using var temporary = new TemporaryFolder();
        temporary.Write("artifacts/adapter/weights", "old");
        var path = temporary.At("artifacts", "adapter");

        Assert.Throws<InvalidOperationException>(() => DurableFile.WriteFolder(path, folder =>
        {
            File.WriteAllText(Path.Combine(folder, "weights"), "half");
            throw new InvalidOperationException("crash");
        }));

        Assert.Equal("old", File.ReadAllText(Path.Combine(path, "weights")));
        Assert.Equal([path], Directory.GetFileSystemEntries(temporary.At("artifacts")));
    }

    [Fact]
    public void WriteFolder_Existing_IsReplacedAsAWhole()
    {
        using var temporary = new TemporaryFolder();
        temporary.Write("adapter/old", "1");

        DurableFile.WriteFolder(temporary.At("adapter"), folder => File.WriteAllText(Path.Combine(folder, "new"), "2"));

        Assert.Equal([temporary.At("adapter", "new")], Directory.GetFiles(temporary.At("adapter")));
    }

    [Fact]
    public void DeleteFolder_Folder_IsGoneWithoutATrace()
    {
        using var temporary = new TemporaryFolder();
        temporary.Write("step-00000001/deep/weights", "1");

        DurableFile.DeleteFolder(temporary.At("step-00000001"));
        DurableFile.DeleteFolder(temporary.At("step-00000002"));

        Assert.Empty(Directory.GetFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void RemoveLeftovers_PartsOfInterruptedWrites_AreGone()
    {
        using var temporary = new TemporaryFolder();
        temporary.Write(".file.json.12.partial", "half");
        temporary.Write(".step-00000001.12.partial/weights", "half");
        temporary.Write("file.json", "whole");

        DurableFile.RemoveLeftovers(temporary.Path);

        Assert.Equal([temporary.At("file.json")], Directory.GetFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void ListCheckpoints_Folder_ListsCompleteOnesOldestFirst()
    {
        using var temporary = new TemporaryFolder();
        var folder = new JobFolder(temporary.Path);
        foreach (var name in new[] { "step-00000100", "step-00000020", ".step-00000200.9.partial", "step-x", "other" })
        {
            Directory.CreateDirectory(Path.Combine(folder.Checkpoints, name));
        }

        Assert.Equal([20, 100], folder.ListCheckpoints().Select(checkpoint => checkpoint.Step));
    }
}
