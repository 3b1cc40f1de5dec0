using System.Globalization;
using Beep.LanguageModels.Tokenization;

namespace Beep.LanguageModels.Tests.Tokenization;

public sealed class UnicodeNormalizerTests
{
    /// <summary>Columns as in the Unicode Consortium's NormalizationTest.txt: source, C, D, KC, KD.</summary>
    [Theory]
    [InlineData("1E0A;1E0A;0044 0307;1E0A;0044 0307")]
    [InlineData("1E0A 0323;1E0C 0307;0044 0323 0307;1E0C 0307;0044 0323 0307")]
    [InlineData("0344;0308 0301;0308 0301;0308 0301;0308 0301")]
    [InlineData("0958;0915 093C;0915 093C;0915 093C;0915 093C")]
    [InlineData("212B;00C5;0041 030A;00C5;0041 030A")]
    [InlineData("FB01;FB01;FB01;0066 0069;0066 0069")]
    [InlineData("AC01;AC01;1100 1161 11A8;AC01;1100 1161 11A8")]
    [InlineData("1100 1161 11A8;AC01;1100 1161 11A8;AC01;1100 1161 11A8")]
    [InlineData("FF76 FF9E;FF76 FF9E;FF76 FF9E;30AC;30AB 3099")]
    [InlineData("1D15F;1D158 1D165;1D158 1D165;1D158 1D165;1D158 1D165")]
    [InlineData("2F800;4E3D;4E3D;4E3D;4E3D")]
    [InlineData("0061 0315 0300 05AE 0300 0062;00E0 05AE 0300 0315 0062;0061 05AE 0300 0300 0315 0062;00E0 05AE 0300 0315 0062;0061 05AE 0300 0300 0315 0062")]
    public void Apply_ConsortiumCases_GivesEveryForm(string line)
    {
        var columns = line.Split(';').Select(Decode).ToArray();

        AssertForms(columns);
    }

    /// <summary>The Consortium's whole NormalizationTest.txt; 2.6 MB, so not carried along.</summary>
    [Fact]
    public void Apply_WholeConsortiumFile_GivesEveryForm()
    {
        var file = Environment.GetEnvironmentVariable("BEEP_NORMALIZATION_TEST");
        Assert.SkipWhen(file is null, "BEEP_NORMALIZATION_TEST names no NormalizationTest.txt.");

        foreach (var line in File.ReadLines(file!).Where(static line => line.Length > 0 && line[0] is not ('#' or '@')))
        {
            AssertForms([.. line.Split(';').Take(5).Select(Decode)]);
        }
    }

    [Fact]
    public void Apply_NormalText_IsTheSameObject()
    {
        var text = new AlignedText("plain, déjà vu, 漢字, 한글");

        Assert.Same(text, new UnicodeNormalizer(UnicodeForm.C).Apply(text));
    }

    [Fact]
    public void Apply_ChangedText_RemembersWhereEachUnitCameFrom()
    {
        var result = new UnicodeNormalizer(UnicodeForm.C).Apply(new AlignedText("xe\u0301y"));

        Assert.Equal("x\u00e9y", result.Text);
        Assert.Equal([0, 1, 3], result.Starts!);
        Assert.Equal([1, 3, 4], result.Ends!);
    }

    [Fact]
    public void Apply_MegabyteOfMarks_Finishes() =>
        Assert.Equal(1_000_001, new UnicodeNormalizer(UnicodeForm.D).Apply(new AlignedText("e" + string.Concat(Enumerable.Repeat("\u0315\u0300", 500_000)))).Text.Length);

    [Fact]
    public void Replace_AndPrepend_KeepOffsets()
    {
        var steps = new SequenceNormalizer([new ReplaceNormalizer(new LiteralPattern("--"), "—"), new PrependNormalizer("_")]);

        var result = steps.Apply(new AlignedText("a--b"));

        Assert.Equal("_a—b", result.Text);
        Assert.Equal([0, 0, 1, 3], result.Starts!);
        Assert.Equal([0, 1, 3, 4], result.Ends!);
    }

    private static void AssertForms(string[] columns)
    {
        foreach (var form in Enum.GetValues<UnicodeForm>())
        {
            var normalizer = new UnicodeNormalizer(form);
            foreach (var (index, text) in columns.Index())
            {
                // Columns 4 and 5 are the compatibility forms, which C and D leave as they are.
                var isCompatible = form is UnicodeForm.KC or UnicodeForm.KD || index > 2;
                var expected = form is UnicodeForm.C or UnicodeForm.KC ? columns[isCompatible ? 3 : 1] : columns[isCompatible ? 4 : 2];
                Assert.Equal(expected, normalizer.Apply(new AlignedText(text)).Text);
            }
        }
    }

    private static string Decode(string points) =>
        string.Concat(points.Split(' ').Select(static point => char.ConvertFromUtf32(int.Parse(point, NumberStyles.HexNumber, CultureInfo.InvariantCulture))));
}
