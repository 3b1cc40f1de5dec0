using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets;

/// <summary>Published data sets, laid beside the checkout under <c>../shared/data</c>; tests that want them are skipped without.</summary>
internal static class RealData
{
    public static string At(params string[] parts)
    {
        var path = Path.Combine([RepositoryFiles.Root, "..", "shared", "data", .. parts]);
        Assert.SkipUnless(File.Exists(path), $"'{Path.Combine(["..", "shared", "data", .. parts])}' is not there: the published data sets are not part of the checkout.");
        return path;
    }
}
