namespace Beep.Tests;

/// <summary>Finds the files of the repository, and the reference fixtures beside it, from wherever a test runs.</summary>
internal static class RepositoryFiles
{
    /// <summary>The folder that holds Beep.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A path inside the repository.</summary>
    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A reference model folder of <c>tests/Fixtures</c>, computed by Transformers and PEFT.</summary>
    public static string Fixture(params string[] parts) => Path.Combine([Root, "tests", "Fixtures", .. parts]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Beep.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No Beep.slnx above {AppContext.BaseDirectory}: run the tests from a checkout.");
    }
}
