namespace Beep.LanguageModels.Tests;
public sealed class PlaceholderTests { [Fact] public void A() => Assert.NotNull(this); }
